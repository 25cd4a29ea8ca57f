#include "config/problem.h"

#include <algorithm>
#include <tuple>

namespace payswitch::daemon::config {
namespace {

// Edit distance in which a swap of neighbours counts once ("fsnyc"), cut off as soon as nothing below `most` is possible.
std::size_t distance(std::string_view a, std::string_view b, std::size_t most) {
  if (a.size() > b.size() + most || b.size() > a.size() + most) return most + 1;
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string SourceLocation::to_string() const {
  if (!known()) return "default";
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Problem::to_string() const {
  std::string out;
  if (where.known()) out += where.to_string() + ": ";
  if (!path.empty()) out += path + ": ";
  if (kind == ProblemKind::warning) out += "warning: ";
  return out + text;
}

void Problems::error(const SourceLocation& where, std::string_view path, std::string text) {
  list_.push_back({where, std::string(path), std::move(text), ProblemKind::error});
  ++errors_;
}

void Problems::warning(const SourceLocation& where, std::string_view path, std::string text) {
  list_.push_back({where, std::string(path), std::move(text), ProblemKind::warning});
}

std::vector<Problem> Problems::sorted() const {
  // Problems of one place stay in the order in which they were found. (clang 19 calls libstdc++ 12's stable_sort deprecated.)
  std::vector<std::size_t> order(list_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    const SourceLocation &x = list_[a].where, &y = list_[b].where;
    return std::tie(x.file, x.line, x.column, a) < std::tie(y.file, y.line, y.column, b);
  });
  std::vector<Problem> out;
  for (const std::size_t i : order) out.push_back(list_[i]);
  return out;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.size() > 64) return {};  // nobody mistypes a name of that length; and the table above would grow
  const std::size_t most = word.size() <= 3 ? 1 : word.size() <= 8 ? 2 : 3;
  std::string_view best;
  std::size_t best_distance = most + 1;
  for (std::string_view candidate : candidates) {
    const std::size_t d = distance(word, candidate, most);
    if (d < best_distance) best_distance = d, best = candidate;
  }
  return best;
}

}  // namespace payswitch::daemon::config
