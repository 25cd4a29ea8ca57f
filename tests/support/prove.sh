# Sourced by ./dev prove: what is too long for every commit. Uses its functions (say, build, run_ctest, elapsed).

# prove MINUTES: TSan, clang and repetition share the time; the page it prints says what was run, not what could be.
prove() {
  local minutes=$1 end=$((SECONDS + $1 * 60)) page failed=0 round=0
  page=$(mktemp)
  note() { printf '%s\n' "$*" | tee -a "$page"; }
  note "# Track record of $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit'), $(date -u +%Y-%m-%d), $minutes minutes asked"
  prove_step() {
    local what=$1 start=$SECONDS; shift
    if "$@"; then note "- $what: passed in $(elapsed $start)"; else note "- $what: FAILED after $(elapsed $start)"; failed=1; fi
  }
  prove_step "ThreadSanitizer, unit, conformance and simulation tests" prove_preset tsan
  prove_step "clang with release flags, unit, conformance and simulation tests" prove_preset clang
  CONFIGURE_OPTIONS=-DPSW_TESTS=ON build release
  prove_step "simulation: 10,000 races of cancel against post, $((minutes * 15)) s of weather, half of it over the real plugins of both banks" prove_simulation $((minutes * 15))
  local cut=build/release/tests/power_cut
  prove_step "$((minutes * 100)) power cuts under the ledger" $cut/power_cut --plugin build/release/plugins/local_ledger.so --shim $cut/power_cut_shim.so --cuts $((minutes * 100))
  prove_step "bank test: $((minutes * 12)) s each of kill -9 and of sides that stand still or stop, two daemons, then the money checker" prove_banks $((minutes * 12))
  while [ $SECONDS -lt $end ] && [ $failed = 0 ]; do
    round=$((round + 1))
    prove_step "integration and fuzz tests, round $round" run_ctest release -L '^(integration|fuzz|conformance)$' --schedule-random
  done
  say "prove took $(elapsed $STARTED); the page:"
  cat "$page"; rm -f "$page"
  return $failed
}

prove_simulation() {
  SIMULATION_RACES=10000 SIMULATION_SECONDS=0 build/release/tests/simulation_test --gtest_brief=1 --gtest_filter='Edges.cancel_against_post*' &&
    SIMULATION_SECONDS=$(($1 / 2)) build/release/tests/simulation_test --gtest_brief=1 --gtest_filter='Seeds.money*' &&
    SIMULATION_SECONDS=$(($1 / 2)) SIMULATION_FIRST=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ') SIMULATION_SEEDS=1000000 \
      build/release/tests/simulation_peers_test --gtest_brief=1 --gtest_filter='Storm/Range*from_1'
}

prove_banks() {
  local seed; seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
  say "bank test with seed $seed"
  BANK_STORM_SEED=$seed BANK_STORM_SECONDS=$1 build/release/tests/bank_storm_test --gtest_brief=1
}

prove_preset() {
  CONFIGURE_OPTIONS=-DPSW_TESTS=ON build "$1" sanitized_tests && TSAN_OPTIONS=halt_on_error=1 SIMULATION_SECONDS=30 run_ctest "$1" -L '^(unit|conformance|simulation)$'
}
