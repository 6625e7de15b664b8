// Spellings that the text and the outline share.
#pragma once

#include <string>
#include <string_view>

#include "ast.hpp"

namespace jensen::grammar {

std::string_view spelling(BinaryOp op);
std::string quoted(std::string_view text);

}  // namespace jensen::grammar
