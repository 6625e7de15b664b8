// CSV bytes to a table. Throws Failure.
#pragma once

#include "data/byte_source.hpp"
#include "data/table.hpp"

namespace jensen::data {

Table read_csv(ByteSource& source, const CsvOptions& options);

}  // namespace jensen::data
