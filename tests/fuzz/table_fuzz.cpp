// Any bytes are a table or a diagnostic. The first byte chooses the delimiter and the length of a record.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/table.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  jensen::data::CsvOptions options;
  options.delimiter = (bytes[0] & 1) == 0 ? ',' : '\t';
  options.record_bytes = 16 + bytes[0];
  options.expanded_bytes = std::uint64_t{1} << 22;
  const auto table = jensen::data::read_csv_text({reinterpret_cast<const char*>(bytes) + 1, size - 1}, "fuzz.csv", options);
  if (!table) return 0;
  for (const jensen::data::Column& column : table->columns)
    if (column.size() != table->rows) std::abort();
  return 0;
}
