// The parse tree's structs as Fusion sequences, for X3's attribute propagation.
#pragma once

#include <boost/fusion/include/adapt_struct.hpp>

#include "x3/parse_tree.hpp"

BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::NameOrCall, name, arguments)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Operand, prefixes, primary, suffixes)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Operation, first, rest)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Tail, op, operand)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Expression, first, choices)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Choice, if_true, if_false)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::RangeItem, low, high)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Argument, name, value)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Sum, index, range, body)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Type, name, arguments, extents)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Target, name, indices)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Call, function, arguments)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Const, name, value)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Data, names, type, binding, file)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Param, names, type)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::For, index, range, weight, body)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Branch, condition, body)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::If, branches, otherwise)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Draw, call, support)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Definition, target, right)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::LogPdf, variate, value)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Parameter, name, type)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Support, variate, set)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Distribution, name, parameters, support, body)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Function, name, parameters, value)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Network, name, parameters, body)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::GuideGroup, word, names)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Guide, keyword, body)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Predict, keyword, body)
BOOST_FUSION_ADAPT_STRUCT(jensen::grammar::tree::Use, keyword, module)
