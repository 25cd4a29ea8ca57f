#include <iostream>
#include <vector>

#include "ctl/run.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + 1, argv + argc);
  return payswitch::daemon::ctl::run(words, std::cout, std::cerr);
}
