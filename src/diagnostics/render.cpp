#include "diagnostics/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "diagnostics/display.hpp"

namespace jensen {
namespace {

constexpr int widest_excerpt = 110;  // cells of source text on one line
constexpr std::string_view cut_mark = "...";

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return {};
}

std::string_view word(Note::Kind kind) {
  switch (kind) {
    case Note::Kind::note:
      return "note";
    case Note::Kind::help:
      return "help";
  }
  return {};
}

// ANSI "select graphic rendition" codes.
constexpr std::string_view bold = "1";
constexpr std::string_view red = "1;31";
constexpr std::string_view magenta = "1;35";
constexpr std::string_view cyan = "1;36";
constexpr std::string_view green = "1;32";
constexpr std::string_view blue = "1;34";

std::string_view colour_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return red;
    case Severity::warning:
      return magenta;
    case Severity::note:
      return cyan;
  }
  return {};
}

std::string_view colour_of(Note::Kind kind) {
  switch (kind) {
    case Note::Kind::note:
      return cyan;
    case Note::Kind::help:
      return green;
  }
  return {};
}

const Source* find_source(const SourceSpan& span, const Sources& sources) {
  if (!span.valid() || static_cast<std::size_t>(span.source.value) >= sources.size()) return nullptr;
  return &sources[span.source];
}

// A line, or of a very long one the part around the caret.
struct Line {
  int number = 1;
  std::vector<Glyph> glyphs;
  std::size_t begin = 0;  // offset of the first glyph in the text
  bool cut_before = false;
  bool cut_after = false;

  [[nodiscard]] std::size_t glyph_at(std::size_t offset) const {
    const auto before = [this](const Glyph& glyph, std::size_t wanted) { return begin + glyph.offset < wanted; };
    return static_cast<std::size_t>(std::lower_bound(glyphs.begin(), glyphs.end(), offset, before) - glyphs.begin());
  }
};

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

Line line_around(const Source& source, std::size_t offset) {
  constexpr std::size_t reach = 8 * widest_excerpt;  // bytes to each side that may be needed
  Line line;
  line.number = source.position(static_cast<std::uint32_t>(offset)).line;
  const std::string_view whole = source.line(line.number);
  const auto whole_begin = static_cast<std::size_t>(whole.data() - source.text().data());
  const std::size_t caret = std::min(offset - whole_begin, whole.size());
  std::size_t first = caret > reach ? caret - reach : 0;
  std::size_t last = std::min(whole.size(), caret + reach);
  while (first < caret && is_continuation_byte(whole[first])) ++first;
  while (last < whole.size() && last > caret && is_continuation_byte(whole[last])) --last;
  line.glyphs = glyphs(whole.substr(first, last - first));
  line.begin = whole_begin + first;
  line.cut_before = first > 0;
  line.cut_after = last < whole.size();
  return line;
}

int cells(const std::vector<Glyph>& glyphs, std::size_t first, std::size_t last) {
  int total = 0;
  for (std::size_t i = first; i < last; ++i) total += glyphs[i].text == "\t" ? 8 : glyphs[i].cells;
  return total;
}

// Glyphs [first, last) of the line: grows from the caret to both sides until the width is used up.
struct Window {
  std::size_t first = 0;
  std::size_t last = 0;
};

Window make_window(const Line& line, std::size_t caret) {
  const std::vector<Glyph>& glyphs = line.glyphs;
  if (!line.cut_before && !line.cut_after && cells(glyphs, 0, glyphs.size()) <= widest_excerpt) return {0, glyphs.size()};
  Window window{caret, caret};
  for (int used = 0; used < widest_excerpt && (window.first > 0 || window.last < glyphs.size());) {
    if (window.last < glyphs.size()) used += cells(glyphs, window.last, window.last + 1), ++window.last;
    if (window.first > 0) --window.first, used += cells(glyphs, window.first, window.first + 1);
  }
  return window;
}

class TextRenderer {
 public:
  TextRenderer(const Sources& sources, bool colour) : sources_(sources), colour_(colour) {}

  std::string text;

  void show(const Diagnostic& diagnostic) {
    const std::string_view colour = colour_of(diagnostic.severity);
    const std::string code = diagnostic.code.empty() ? "" : " [" + diagnostic.code + "]";
    heading(diagnostic.span, word(diagnostic.severity), colour, diagnostic.message + code);
    excerpt(diagnostic.span, colour, diagnostic.label);
    for (const Note& note : diagnostic.notes) {
      heading(note.span, word(note.kind), colour_of(note.kind), note.message);
      excerpt(note.span, colour_of(note.kind), "");
    }
  }

 private:
  [[nodiscard]] std::string painted(std::string_view content, std::string_view colour) const {
    return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", colour, content) : std::string(content);
  }

  void heading(const SourceSpan& span, std::string_view kind, std::string_view colour, const std::string& message) {
    if (const Source* source = find_source(span, sources_)) {
      const LineColumn at = source->position(span.begin);
      text += painted(fmt::format("{}:{}:{}:", printable(source->name()), at.line, at.column), bold) + " ";
    }
    text += painted(fmt::format("{}:", kind), colour) + " " + printable(message) + "\n";
  }

  void excerpt(const SourceSpan& span, std::string_view colour, const std::string& label);

  const Sources& sources_;
  bool colour_;
};

// The first line of the span with carets below it; the caret line repeats the tabs of the text, so that both align anywhere.
void TextRenderer::excerpt(const SourceSpan& span, std::string_view colour, const std::string& label) {
  const Source* source = find_source(span, sources_);
  if (source == nullptr) return;
  const Line line = line_around(*source, std::min<std::size_t>(span.begin, source->text().size()));
  const std::size_t from = line.glyph_at(span.begin);
  const Window window = make_window(line, from);
  const std::size_t to = std::min(line.glyph_at(span.end), window.last);

  std::string shown(line.cut_before || window.first > 0 ? cut_mark : "");
  std::string below(shown.size(), ' ');
  for (std::size_t i = window.first; i < window.last; ++i) shown += line.glyphs[i].text;
  for (std::size_t i = window.first; i < from; ++i) {
    below += line.glyphs[i].text == "\t" ? "\t" : std::string(static_cast<std::size_t>(line.glyphs[i].cells), ' ');
  }
  if (line.cut_after || window.last < line.glyphs.size()) shown += cut_mark;
  std::string carets(static_cast<std::size_t>(std::max(1, cells(line.glyphs, from, to))), '^');
  if (!label.empty()) carets += " " + printable(label);
  text += painted(fmt::format("{:>5} | ", line.number), blue) + shown + "\n";
  text += painted(fmt::format("{:>5} | ", ""), blue) + below + painted(carets, colour) + "\n";
}

void add_place(nlohmann::ordered_json& object, const SourceSpan& span, const Sources& sources) {
  const Source* source = find_source(span, sources);
  if (source == nullptr) return;
  const LineColumn begin = source->position(span.begin);
  const LineColumn end = source->position(span.end);
  object["file"] = printable(source->name());
  object["line"] = begin.line;
  object["column"] = begin.column;
  object["endLine"] = end.line;
  object["endColumn"] = end.column;
}

nlohmann::ordered_json to_json(const Note& note, const Sources& sources) {
  nlohmann::ordered_json object;
  object["kind"] = word(note.kind);
  object["message"] = printable(note.message);
  add_place(object, note.span, sources);
  return object;
}

nlohmann::ordered_json to_json(const Diagnostic& diagnostic, const Sources& sources) {
  nlohmann::ordered_json object;
  add_place(object, diagnostic.span, sources);
  object["severity"] = word(diagnostic.severity);
  object["code"] = printable(diagnostic.code);
  object["message"] = printable(diagnostic.message);
  if (!diagnostic.label.empty()) object["label"] = printable(diagnostic.label);
  object["notes"] = nlohmann::ordered_json::array();
  for (const Note& note : diagnostic.notes) object["notes"].push_back(to_json(note, sources));
  return object;
}

}  // namespace

std::string render_text(const Diagnostics& diagnostics, const Sources& sources, bool colour) {
  TextRenderer renderer(sources, colour);
  for (const Diagnostic& diagnostic : diagnostics) renderer.show(diagnostic);
  return std::move(renderer.text);
}

std::string render_json(const Diagnostics& diagnostics, const Sources& sources) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const Diagnostic& diagnostic : diagnostics) array.push_back(to_json(diagnostic, sources));
  return array.dump(2);
}

}  // namespace jensen
