#include "data/byte_source.hpp"
#include "data/csv.hpp"
#include "data/guarded.hpp"
#include "data/npy.hpp"
#include "data/table.hpp"

namespace jensen::data {
namespace {

ExpansionLimit expansion_limit(const CsvOptions& options) { return {options.expanded_bytes, options.expansion}; }

Table read_any(ByteSource source, const CsvOptions& options) { return is_npy(source.head()) ? read_npy_table(source) : read_csv(source, options); }

}  // namespace

Result<Table> read_table(const std::string& path, const CsvOptions& options) {
  return guarded(path, [&] { return read_any(ByteSource::open(path, expansion_limit(options)), options); });
}

Result<Table> read_csv_text(std::string_view text, const std::string& name, const CsvOptions& options) {
  return guarded(name, [&] { return read_any(ByteSource::of_text(text, name, expansion_limit(options)), options); });
}

}  // namespace jensen::data
