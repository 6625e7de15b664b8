#include "cli/options.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "diagnostics/suggest.hpp"

namespace jensen::cli {

namespace {

constexpr std::size_t help_column = 34;  // where descriptions begin
constexpr std::size_t help_width = 76;   // of a description

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What was not expected: an unknown option rather than the words that follow it.
std::string unexpected_argument(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining();
  const auto option = std::find_if(words.begin(), words.end(), [](const std::string& word) { return word.size() > 1 && word[0] == '-'; });
  if (option == words.end()) return words.empty() ? "unexpected argument" : fmt::format("unexpected argument `{}`", words.front());
  const std::string name = option->substr(0, option->find('='));
  return fmt::format("unknown option `{}`{}", name, did_you_mean(name, option_names(app)));
}

std::string lower_first(std::string text) {
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

Diagnostic usage_error_of(const CLI::App& app, std::string message) {
  Diagnostic diagnostic = usage_error(std::move(message));
  diagnostic.notes.push_back({Note::Kind::help, fmt::format("`{} --help` shows the arguments", app.get_name())});
  return diagnostic;
}

std::string check_assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0 && equals + 1 < text.size()) return {};
  return fmt::format("`{}` is not NAME=VALUE, as in K=3", text);
}

CLI::Validator one_of(const std::vector<std::string>& names) {
  const auto check = [names](const std::string& text) -> std::string {
    if (std::find(names.begin(), names.end(), text) != names.end()) return {};
    return fmt::format("`{}` is not one of {}{}", text, fmt::join(names, ", "), did_you_mean(text, names));
  };
  return {check, ""};
}

// All of `text` as a number, or nothing.
template <class T>
std::optional<T> read_number(const std::string& text) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

// Lines of at most `width` bytes, broken at blanks.
std::string wrapped(const std::string& text, std::size_t width) {
  std::istringstream words(text);
  std::string result;
  std::size_t column = 0;
  for (std::string word; words >> word; column += word.size()) {
    const bool breaks = column > 0 && column + 1 + word.size() > width;
    if (column > 0) result += breaks ? '\n' : ' ';
    column = breaks ? 0 : column + (column > 0 ? 1 : 0);
    result += word;
  }
  return result;
}

std::string help_of(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](CLI::Option*) { return true; })) option->description(wrapped(option->get_description(), help_width));
  app.description(wrapped(app.get_description(), help_column + help_width) + "\n");
  return app.help();
}

}  // namespace

void describe(CLI::App& app, const std::string& name, const std::string& description,
              const std::vector<std::pair<std::string, std::string>>& examples) {
  app.name("jensen " + name);
  app.description(description);
  std::string footer = "Examples:";
  for (const auto& [command, meaning] : examples) footer += fmt::format("\n  {}\n      {}", command, meaning);
  app.footer(footer + "\n");
  app.get_formatter()->column_width(help_column);
  app.get_formatter()->label("REQUIRED", "");
  app.set_help_flag("-h,--help", "Show this text");
}

void add_console_options(CLI::App& app, Console& console) {
  app.add_flag("-q,--quiet", console.quiet, "No progress bar, warnings or notes");
  const auto set = [&console](const std::string& when) {
    console.colour_choice = when == "always" ? Colour::always : when == "never" ? Colour::never : Colour::automatic;
  };
  app.add_option_function<std::string>("--color", set, "Colours in messages (default auto: on a terminal, unless NO_COLOR is set)")
      ->check(one_of({"auto", "always", "never"}))
      ->type_name("auto|always|never");
}

void add_model_options(CLI::App& app, pipeline::ModelOptions& model) {
  app.add_option("MODEL", model.path, "The model file")->required()->type_name("");
  app.add_option("--set", model.sets, "Set a constant or an extent of the model, as in --set K=3; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::Validator(check_assignment, ""))
      ->type_name("NAME=VALUE");
  app.add_option("--max-model-bytes", model.max_bytes, "Refuse a model file larger than this (default 16777216)")
      ->check(whole_number(1, std::numeric_limits<std::int64_t>::max()))
      ->type_name("BYTES");
}

void add_data_argument(CLI::App& app, std::vector<std::string>& files) {
  app.add_option("DATA", files, "Data files: .csv, .csv.gz, .npy, or - for the standard input (default: the files that the model names by `from`)")
      ->type_name("");
}

CLI::Option* add_choice(CLI::App& app, const std::string& option, std::string& value, std::vector<std::string> names, const std::string& help) {
  return app.add_option(option, value, help)->check(one_of(names))->type_name(fmt::format("{}", fmt::join(names, "|")));
}

CLI::Validator whole_number(std::uint64_t low, std::uint64_t high) {
  const auto check = [low, high](const std::string& text) -> std::string {
    const std::optional<std::uint64_t> number = read_number<std::uint64_t>(text);
    const bool octal = text.size() > 1 && text[0] == '0';  // CLI11 would read it so
    if (number && !octal && *number >= low && *number <= high) return {};
    return fmt::format("`{}` is not a whole number from {} to {}", text, low, high);
  };
  return {check, ""};
}

CLI::Validator nonnegative_number() {
  const auto check = [](const std::string& text) -> std::string {
    const std::optional<double> number = read_number<double>(text);
    if (number && std::isfinite(*number) && *number >= 0) return {};
    return fmt::format("`{}` is not a number of at least 0", text);
  };
  return {check, ""};
}

void add_method_option(CLI::App& app, std::string& method) {
  add_choice(
      app, "--method", method, {"auto", "em", "vb", "svi"},
      "auto: as the model says; em: latents outside all data-sized plates become points (MAP); vb: everything gets a q; svi: not supported yet");
}

Diagnostics apply_method(const std::string& method, pipeline::ModelOptions& model) {
  if (method == "svi") return {not_supported_yet("`--method svi`")};
  model.method = method == "em" ? model::Method::em : method == "vb" ? model::Method::vb : model::Method::automatic;
  return {};
}

std::optional<ExitStatus> read_arguments(CLI::App& app, const Arguments& arguments, const Console& console) {
  try {
    app.parse(Arguments(arguments.rbegin(), arguments.rend()));  // CLI11 takes them back to front
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return console.result(help_of(app));
  } catch (const CLI::ExtrasError&) {
    return failed(console, {usage_error_of(app, unexpected_argument(app))});
  } catch (const CLI::ParseError& error) {
    return failed(console, {usage_error_of(app, lower_first(error.what()))});
  }
}

}  // namespace jensen::cli
