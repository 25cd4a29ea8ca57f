// The books of a bank whose daemon has ended, read from the ledger's directory by the engine itself: every account, transfer and posting with
// the sequence of its write, whatever any API would show of it.
#pragma once

#include <string>

#include "support/money_checker/history.h"

namespace payswitch::test {

// Throws std::runtime_error with the sentence of the engine when the ledger cannot be read.
Books read_books(const std::string& directory, const std::string& bank);
// What `ledger verify` finds wrong; empty: nothing.
std::string verify_books(const std::string& directory);

}  // namespace payswitch::test
