/* A gateway that answers every credit at once with a full decision record: what remains is the border itself. */
#include <payswitch/note.h>
#include <string.h>

enum { BATCH = 64 };
#define TEXT(s) {s, sizeof(s) - 1}

static const psw_host *host;
static const psw_event *events[BATCH];
static psw_reply replies[BATCH];
static psw_decision decisions[BATCH];
static const psw_reply *pointers[BATCH];

static int64_t turn(void *self, uint32_t lane, uint64_t max_wait_ns) {
  (void)self;
  const uint32_t n = host->take(host->ctx, lane, events, BATCH, max_wait_ns);
  uint32_t answered = 0;
  for (uint32_t i = 0; i < n; ++i) {
    if (events[i]->kind == PSW_EV_DRAIN) host->ready(host->ctx, PSW_READY_DRAINED, (psw_str){"", 0});
    if (events[i]->kind != PSW_EV_OP) continue;
    const psw_op *op = (const psw_op *)events[i]->body;
    const psw_credit *credit = (const psw_credit *)op->body;
    psw_decision *d = &decisions[answered];
    psw_reply *r = &replies[answered];
    r->handle = op->handle;
    if (op->kind == PSW_OP_CREDIT) {
      d->op_id = credit->op_id;
      d->money = credit->money;
      d->payer = credit->payer;
      d->payee = credit->payee;
      memcpy(d->hash, credit->hash, sizeof d->hash);
      r->outcome = PSW_APPLIED;
      r->body = d;
    } else {
      r->outcome = PSW_UNKNOWN;
      r->body = NULL;
    }
    ++answered;
  }
  if (answered != 0) host->complete(host->ctx, pointers, answered);
  return -1;
}
static int32_t start(void *self, psw_error *error) {
  (void)self;
  (void)error;
  host->ready(host->ctx, PSW_READY_UP, (psw_str){"", 0});
  return PSW_OK;
}
static int32_t configure(void *self, const psw_config *config, psw_error *error) {
  (void)self;
  (void)config;
  (void)error;
  return PSW_OK;
}
static void nothing(void *self) { (void)self; }

static const psw_instance instance = {.size = sizeof instance, .configure = configure, .start = start, .turn = turn, .stop = nothing, .destroy = nothing};

static const psw_instance *create(const psw_host *h, psw_str name, psw_error *error) {
  (void)name;
  (void)error;
  host = h;
  for (int i = 0; i < BATCH; ++i) {
    decisions[i] = (psw_decision){.size = sizeof(psw_decision), .outcome = PSW_APPLIED, .peer_reference = TEXT("REF-20260301-000001"), .direction = 1};
    replies[i] = (psw_reply){.size = sizeof(psw_reply), .failed = -1};
    pointers[i] = &replies[i];
  }
  return &instance;
}

static const psw_lane lanes[] = {{PSW_LANE_LOOP, 1, 1024, PSW_GROUP_GATEWAY | PSW_GROUP_COMMAND}};
static const psw_type types[] = {{.size = sizeof(psw_type), .role = PSW_TYPE_GATEWAY, .id = TEXT("border_echo"), .doc = TEXT("answers at once"),
  .capabilities = PSW_CAP_IDEMPOTENT | PSW_CAP_CANCEL, .lanes = {lanes, 1, sizeof(psw_lane)}, .dedupe_window_ms = -1, .tombstone_lifetime_ms = -1,
  .create = create}};

__attribute__((visibility("default"))) const psw_plugin psw_plugin_entry = {.magic = PSW_MAGIC, .size = sizeof(psw_plugin), .abi_major = PSW_ABI_MAJOR, .abi_minor = PSW_ABI_MINOR,
  .min_host_minor = 1, .id = TEXT("org.payswitch.border-echo"), .version = TEXT("1.0.0"), .vendor = TEXT("Payswitch"),
  .summary = TEXT("measures the border"), .licence = TEXT("Apache-2.0"), .types = {types, 1, sizeof(psw_type)}};

PSW_NOTE("org.payswitch.border-echo", "1.0.0", 1);
