// The handlers of the endpoint table; one file per resource. Each reads its fields, gives one command to the coordinator and renders
// its answer; no decision is taken here.
#pragma once

#include "api/context.h"

namespace payswitch::daemon::api {

// accounts.cpp
void open_account(Context& context);
void list_accounts(Context& context);
void get_account(Context& context);
void get_balance(Context& context);
void list_postings(Context& context);
void freeze_account(Context& context);
void unfreeze_account(Context& context);
void close_account(Context& context);

// cash.cpp
void deposit(Context& context);
void withdraw(Context& context);

// transfers.cpp
void make_transfer(Context& context);
void list_transfers(Context& context);
void get_transfer(Context& context);
void post_transfer(Context& context);
void void_transfer(Context& context);
void cancel_transfer(Context& context);
void reverse_transfer(Context& context);

// me.cpp
void get_me(Context& context);

}  // namespace payswitch::daemon::api
