#include "support/peer_voice.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <payswitch/credit_hash.h>
#include <payswitch/ids.h>
#include <payswitch/money.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "support/daemon_process.h"

namespace payswitch::test {
namespace {

using peer_http::RequestParts;

std::int64_t now_s() { return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string history_header(const psw_history& ours, const psw_id& theirs) {
  std::string out = "ledger=\"" + to_hex(ours.ledger) + "\", epoch=" + std::to_string(ours.epoch) + ", position=" + std::to_string(ours.position);
  if (!is_zero(theirs)) out += ", peer=\"" + to_hex(theirs) + "\"";
  return out;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::string header_of(const HeaderList& headers, std::string_view name) {
  HttpAnswer all;
  all.headers = headers;
  return all.header(name);
}

}  // namespace

// ---- papers ----

PeerPapers::PeerPapers(const std::string& folder, std::string code) : folder_(folder), code_(std::move(code)), signer_(code_) {
  FILE* const file = std::fopen((folder_ + "/" + signer_ + ".pem").c_str(), "r");
  if (file == nullptr) std::abort();
  key_ = {PEM_read_PrivateKey(file, nullptr, nullptr, nullptr), EVP_PKEY_free};
  std::fclose(file);
  if (!key_) std::abort();
}

PeerPapers PeerPapers::with_signing_key_of(const std::string& code) const {
  PeerPapers out(folder_, code);
  out.code_ = code_;
  out.signer_ = code;
  return out;
}

std::string PeerPapers::sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::uint8_t bytes[64];
  std::size_t size = sizeof bytes;
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), bytes, &size, reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1)
    std::abort();
  return peer_http::signature_text(bytes);
}

std::shared_ptr<ssl_ctx_st> PeerPapers::context(bool server) const {
  std::shared_ptr<SSL_CTX> out(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(out.get(), TLS1_3_VERSION);
  const std::string certificate = folder_ + "/" + code_ + ".crt", key = folder_ + "/" + code_ + ".key", authority = folder_ + "/ca.crt";
  if (SSL_CTX_use_certificate_chain_file(out.get(), certificate.c_str()) != 1 || SSL_CTX_use_PrivateKey_file(out.get(), key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_load_verify_locations(out.get(), authority.c_str(), nullptr) != 1)
    std::abort();
  SSL_CTX_set_verify(out.get(), SSL_VERIFY_PEER | (server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  return out;
}

// ---- asking ----

std::string PeerVoice::to_hex_of(const psw_id& op_id) { return to_hex(op_id); }

psw_credit PeerVoice::credit(const psw_id& op_id, std::string_view payer, std::string_view payee, std::int64_t minor) {
  psw_credit out{};
  out.size = sizeof out;
  out.op_id = op_id;
  out.payer = str(payer);
  out.payee = str(payee);
  out.money.minor = minor;
  set_currency(out.money.currency, "KRW");
  out.accepted_ms = now_s() * 1000;
  out.not_after_ms = out.accepted_ms + 30'000;
  const auto hash = credit_hash(out);
  std::memcpy(out.hash, hash.data(), sizeof out.hash);
  return out;
}

SignedRequest PeerVoice::sign(std::string_view method, std::string_view target, std::string_view body, const SignOptions& options) const {
  SignedRequest out{std::string(method), std::string(target), std::string(body), {}};
  psw_history ours = options.ours;
  if (is_zero(ours.ledger)) ours = {derive_id(1, {"voice of", papers_.code()}), 1, 1};
  RequestParts parts;
  parts.method = method;
  parts.authority = options.authority.empty() ? "127.0.0.1:" + std::to_string(port_) : options.authority;
  peer_http::split_target(target, parts);
  parts.digest = peer_http::content_digest(body);
  parts.history = history_header(ours, options.their_ledger);
  const std::int64_t created = now_s() + options.clock_offset_s;
  const std::string key_id = options.key_id.empty() ? papers_.key_id() : options.key_id;
  std::vector<std::string_view> components(std::begin(peer_http::request_components), std::end(peer_http::request_components));
  if (!options.components.empty()) components = options.components;
  const auto input = peer_http::make_input(components, created, created + 60, key_id);
  // Whoever covers less than is required signs what it covers, as RFC 9421 says.
  std::vector<std::pair<std::string, std::string>> lines;
  const std::pair<std::string_view, const std::string*> values[] = {{"\"@method\"", &parts.method}, {"\"@authority\"", &parts.authority}, {"\"@path\"", &parts.path},
                                                                    {"\"@query\"", &parts.query}, {"\"content-digest\"", &parts.digest}, {"\"payswitch-history\"", &parts.history}};
  for (const auto component : components)
    for (const auto& [name, value] : values)
      if (name == component) lines.emplace_back(name, *value);
  const std::string label = std::string(peer_http::signature_label) + "=";
  out.headers = {{"Content-Digest", parts.digest}, {"Payswitch-History", parts.history}, {"Signature-Input", label + input.text},
                 {"Signature", label + papers_.sign(peer_http::signature_base(lines, input.text))}};
  if (!body.empty()) out.headers.emplace_back("Content-Type", "application/json");
  return out;
}

HttpAnswer PeerVoice::send(const SignedRequest& request) const {
  HttpAnswer out;
  const auto context = papers_.context(false);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const auto address = loopback(port_);
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
  std::string received;
  SSL_set_fd(tls.get(), fd);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && SSL_connect(tls.get()) == 1) {
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\nConnection: close\r\n";
    for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
    if (!request.body.empty() || request.method == "PUT" || request.method == "POST") text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    text += "\r\n" + request.body;
    SSL_write(tls.get(), text.data(), static_cast<int>(text.size()));
    char bytes[16384];
    for (int n = 0; (n = SSL_read(tls.get(), bytes, sizeof bytes)) > 0;) received.append(bytes, static_cast<std::size_t>(n));
  }
  close(fd);
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos || received.size() < 12) return out;
  out.status = std::atoi(received.c_str() + 9);
  out.body = received.substr(end + 4);
  for (auto at = received.find("\r\n") + 2; at < end;) {
    const auto stop = received.find("\r\n", at), colon = received.find(':', at);
    if (colon < stop) out.headers.emplace_back(received.substr(at, colon - at), received.substr(colon + 2, stop - colon - 2));
    at = stop + 2;
  }
  return out;
}

// ---- answering ----

PeerStage::PeerStage(PeerPapers papers)
    : papers_(std::move(papers)), context_(papers_.context(true)), port_(DaemonProcess::free_port()), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), history_{derive_id(1, {"stage of", papers_.code()}), 1, 1} {
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port_);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 64) != 0) std::abort();
  thread_ = std::thread([this] { run(); });
}

PeerStage::~PeerStage() {
  stop_ = true;
  thread_.join();
  for (auto& thread : threads_) thread.join();
  close(listener_);
}

void PeerStage::play(Script script) {
  const std::lock_guard guard(mutex_);
  script_ = std::move(script);
}

std::size_t PeerStage::asked(std::string_view method) const {
  const std::lock_guard guard(mutex_);
  return static_cast<std::size_t>(std::count(methods_.begin(), methods_.end(), method));
}

psw_history PeerStage::history() const { return history_; }

void PeerStage::pretend(const psw_history& history) {
  const std::lock_guard guard(mutex_);
  history_ = history;
}

PeerReply PeerStage::word(const peer_http::Word& word, int status) {
  PeerReply out;
  out.status = status;
  out.body = peer_http::write_word(word);
  return out;
}

PeerReply PeerStage::applied(const PeerQuestion& question) const {
  if (!question.credit) return {};
  const auto& credit = question.credit->credit;
  peer_http::Word out;
  out.kind = peer_http::Word::Kind::record;
  out.op_id = out.record.op_id = question.op_id;
  out.record.word = Outcome::applied;
  out.record.money = credit.money;
  out.record.payer = credit.payer;
  out.record.payee = credit.payee;
  std::memcpy(out.record.hash, credit.hash, sizeof out.record.hash);
  out.record.decided_ms = now_s() * 1000;
  out.record.theirs = history();
  return word(out);
}

PeerReply PeerStage::refused(const psw_id& op_id, std::string_view code) const {
  peer_http::Word out;
  out.kind = peer_http::Word::Kind::record;
  out.op_id = out.record.op_id = op_id;
  out.record.word = Outcome::refused;
  out.record.code = code;
  out.record.theirs = history();
  return word(out);
}

PeerReply PeerStage::nothing_known(const psw_id& op_id) const {
  peer_http::Word out;
  out.kind = peer_http::Word::Kind::none;
  out.op_id = op_id;
  out.record.theirs = history();
  return word(out, 404);
}

PeerReply PeerStage::hello() const {
  peer_http::Hello out;
  out.bank = papers_.code();
  out.history = history();
  out.clock_ms = now_s() * 1000;
  psw_money won{};
  set_currency(won.currency, "KRW");
  out.currencies = {won};
  PeerReply reply;
  reply.body = peer_http::write_hello(out);
  return reply;
}

void PeerStage::run() {
  while (!stop_) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, 20) != 1) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) threads_.emplace_back([this, fd] { serve(fd); });
  }
}

// Request after request of one connection.
void PeerStage::serve(int fd) {
  const timeval look_up{0, 50'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look_up, sizeof look_up);
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), SSL_free);
  SSL_set_fd(tls.get(), fd);
  const auto again = [&](int result) {
    const int error = SSL_get_error(tls.get(), result);
    return !stop_ && (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE);
  };
  int done = 0;
  do done = SSL_accept(tls.get());
  while (done != 1 && again(done));
  std::string text;
  bool open = done == 1;
  while (open) {
    char bytes[16384];
    const int n = SSL_read(tls.get(), bytes, sizeof bytes);
    if (n <= 0) {
      if (again(n)) continue;
      break;
    }
    text.append(bytes, static_cast<std::size_t>(n));
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    PeerQuestion question;
    question.method = text.substr(0, text.find(' '));
    const auto from = question.method.size() + 1;
    question.target = text.substr(from, text.find(' ', from) - from);
    for (auto at = text.find("\r\n") + 2; at < head_end;) {
      const auto stop = text.find("\r\n", at), colon = text.find(':', at);
      question.headers.emplace_back(text.substr(at, colon - at), text.substr(colon + 2, stop - colon - 2));
      at = stop + 2;
    }
    const std::size_t length = static_cast<std::size_t>(std::atoi(header_of(question.headers, "content-length").c_str()));
    if (text.size() < head_end + 4 + length) continue;
    question.body = text.substr(head_end + 4, length);
    text.erase(0, head_end + 4 + length);
    constexpr std::string_view credits = "/peer/v1/credits/";
    if (question.target.starts_with(credits)) {
      question.op_id = parse_hex(std::string_view(question.target).substr(credits.size())).value_or(psw_id{});
      question.credit = peer_http::read_credit(question.body, question.op_id);
    }
    open = answer(tls.get(), question);
  }
  close(fd);
}

bool PeerStage::answer(void* tls, const PeerQuestion& question) {
  PeerReply reply;
  {
    const std::lock_guard guard(mutex_);
    methods_.push_back(question.method);
    if (question.target == "/peer/v1/hello" && !script_) reply = hello();
    else if (script_) reply = script_(question);
    else reply = nothing_known(question.op_id);
  }
  const auto sleep_ms = [this](unsigned ms) {
    for (unsigned slept = 0; slept < ms && !stop_; slept += 10) usleep(10'000);
  };
  sleep_ms(reply.after_ms);
  while (reply.hang && !stop_) usleep(10'000);
  if (reply.reset || stop_) return false;
  const std::string text = signed_answer(question, reply);
  auto* const connection = static_cast<SSL*>(tls);
  if (reply.bytes_per_second == 0) return SSL_write(connection, text.data(), static_cast<int>(text.size())) > 0;
  for (const char& c : text) {
    if (stop_ || SSL_write(connection, &c, 1) <= 0) return false;
    sleep_ms(1000 / reply.bytes_per_second);
  }
  return true;
}

std::string PeerStage::signed_answer(const PeerQuestion& question, const PeerReply& reply) const {
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " X\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n";
  if (reply.sign) {
    RequestParts asked;
    asked.method = question.method;
    asked.authority = peer_http::normal_authority(header_of(question.headers, "host"));
    peer_http::split_target(question.target, asked);
    asked.digest = header_of(question.headers, "content-digest");
    asked.history = header_of(question.headers, "payswitch-history");
    if (const auto value = peer_http::parse_signature(header_of(question.headers, "signature"))) asked.signature = value->text;
    peer_http::AnswerParts parts;
    parts.status = reply.status;
    parts.digest = peer_http::content_digest(reply.body);
    const std::string theirs = asked.history.substr(asked.history.find('"') + 1, id_hex_size);
    parts.history = history_header(history(), parse_hex(theirs).value_or(psw_id{}));
    const std::int64_t created = now_s() + reply.clock_offset_s;
    const auto input = peer_http::make_input(peer_http::answer_components, created, created + 60, papers_.key_id());
    const std::string label = std::string(peer_http::signature_label) + "=";
    out += "Content-Digest: " + parts.digest + "\r\nPayswitch-History: " + parts.history + "\r\nSignature-Input: " + label + input.text + "\r\nSignature: " + label +
           papers_.sign(peer_http::answer_base(input, parts, asked).value()) + "\r\n";
  }
  return out + "\r\n" + reply.body;
}

}  // namespace payswitch::test
