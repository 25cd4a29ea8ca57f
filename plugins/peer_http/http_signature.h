// HTTP Message Signatures (RFC 9421) as two banks use them: Ed25519 over a fixed set of components, label "psw". Here only texts are
// made and read; keys stay with the host (psw.keys). Requests cover request_components, answers answer_components, in any order, no
// more and no less: what covers less is refused, what covers more could not be checked by everybody.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch::peer_http {

inline constexpr std::string_view signature_label = "psw";
inline constexpr std::string_view signature_tag = "payswitch-peer";
inline constexpr std::size_t signature_text_bytes_max = 1024;  // of one header field

inline constexpr std::string_view request_components[] = {R"("@method")", R"("@authority")", R"("@path")", R"("@query")", R"("content-digest")", R"("payswitch-history")"};
inline constexpr std::string_view answer_components[] = {R"("@status")",       R"("content-digest")",   R"("payswitch-history")", R"("signature";req;key="psw")",
                                                         R"("@method";req)", R"("@authority";req)", R"("@path";req)",         R"("@query";req)"};

// Signature-Input without its label: the covered components as they are written, and the parameters.
struct SignatureInput {
  std::vector<std::string> components;
  std::int64_t created_s = 0, expires_s = 0;  // Unix time; expires 0 = absent
  std::string key_id, tag;
  std::string text;  // as received or as to be sent: what "@signature-params" signs
};

// The parts of a request that a signature speaks of.
struct RequestParts {
  std::string method, authority, path, query;  // query with its '?', which stands alone where there is none
  std::string digest, history, signature;      // header values; signature as ":base64:"
};
struct AnswerParts {
  int status = 0;
  std::string digest, history;
};

// Splits a raw target ("/peer/v1/hello?x=1") into path and query.
void split_target(std::string_view target, RequestParts& out);
// RFC 9421, 2.2.3: lower case, without the default port.
std::string normal_authority(std::string_view authority);

// "sha-256=:…:" over the body (RFC 9530).
std::string content_digest(std::string_view body);

SignatureInput make_input(std::span<const std::string_view> components, std::int64_t created_s, std::int64_t expires_s, std::string_view key_id);
// "psw=(…);…" as it comes in a header. Empty: another label, shape, parameter, or a component twice.
std::optional<SignatureInput> parse_input(std::string_view header);
// ":base64 of 64 bytes:" of a header "psw=:…:", and its bytes.
struct SignatureValue {
  std::string text;
  std::uint8_t bytes[64] = {};
};
std::optional<SignatureValue> parse_signature(std::string_view header);
std::string signature_text(const std::uint8_t (&bytes)[64]);  // ":base64:"

// RFC 9421, 2.5. One line per (component, value), then the parameters.
std::string signature_base(std::span<const std::pair<std::string, std::string>> lines, std::string_view params);
// Empty: the set of components is not the required one.
std::optional<std::string> request_base(const SignatureInput& input, const RequestParts& request);
std::optional<std::string> answer_base(const SignatureInput& input, const AnswerParts& answer, const RequestParts& request);

// Created within ± window of now, tag right, expires after created and not yet past (with nothing on top). Empty, or a code.
std::string_view complaint(const SignatureInput& input, std::int64_t now_ms, std::int64_t window_ms);

}  // namespace payswitch::peer_http
