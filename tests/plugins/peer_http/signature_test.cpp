#include <openssl/evp.h>

#include <gtest/gtest.h>

#include "peer_http/base64.h"
#include "peer_http/history.h"
#include "peer_http/http_signature.h"

#include <payswitch/ids.h>

namespace payswitch::peer_http {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

bool ed25519_ok(std::string_view public_key_base64, std::string_view message, const std::vector<std::uint8_t>& signature) {
  const auto der = parse_base64(public_key_base64).value();  // SubjectPublicKeyInfo: the key is its last 32 bytes
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, der.data() + der.size() - 32, 32);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good = EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1 &&
                    EVP_DigestVerify(context, signature.data(), signature.size(), reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good;
}

// RFC 9421, B.2.6 with the key of B.1.4.
TEST(Signature, base_of_rfc_9421_b_2_6_is_what_the_signature_there_signs) {
  const Lines lines = {{"\"date\"", "Tue, 20 Apr 2021 02:07:55 GMT"}, {"\"@method\"", "POST"}, {"\"@path\"", "/foo"}, {"\"@authority\"", "example.com"},
                       {"\"content-type\"", "application/json"}, {"\"content-length\"", "18"}};
  const std::string base = signature_base(lines, "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\");created=1618884473;keyid=\"test-key-ed25519\"");
  const auto signature = parse_base64("wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==");
  ASSERT_TRUE(signature);
  constexpr std::string_view key = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
  EXPECT_TRUE(ed25519_ok(key, base, *signature));
  EXPECT_FALSE(ed25519_ok(key, base + " ", *signature));
}

// RFC 9530, appendix: the body used there.
TEST(Signature, content_digest_is_that_of_rfc_9530) {
  EXPECT_EQ(content_digest("{\"hello\": \"world\"}"), "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
  EXPECT_EQ(content_digest(""), "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
}

RequestParts a_request() {
  RequestParts r;
  r.method = "PUT";
  r.authority = "jh.test:8443";
  split_target("/peer/v1/credits/00?x=1", r);
  r.digest = content_digest("body");
  r.history = "h";
  return r;
}

TEST(Signature, request_base_has_one_line_per_component_in_the_order_of_the_input) {
  const SignatureInput input = make_input(request_components, 1000, 1060, "mj-1");
  EXPECT_EQ(input.text, "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\" \"payswitch-history\");created=1000;expires=1060;keyid=\"mj-1\";tag=\"payswitch-peer\"");
  EXPECT_EQ(request_base(input, a_request()).value(),
            "\"@method\": PUT\n\"@authority\": jh.test:8443\n\"@path\": /peer/v1/credits/00\n\"@query\": ?x=1\n\"content-digest\": " + content_digest("body") +
                "\n\"payswitch-history\": h\n\"@signature-params\": " + input.text);
}

TEST(Signature, what_was_written_is_read_again) {
  const SignatureInput written = make_input(answer_components, 7, 67, "key.1");
  const auto read = parse_input("psw=" + written.text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->components, written.components);
  EXPECT_EQ(read->created_s, 7);
  EXPECT_EQ(read->expires_s, 67);
  EXPECT_EQ(read->key_id, "key.1");
  EXPECT_EQ(read->tag, "payswitch-peer");
  EXPECT_EQ(read->text, written.text);
}

TEST(Signature, a_missing_query_is_signed_as_a_question_mark) {
  RequestParts r;
  split_target("/a", r);
  EXPECT_EQ(r.query, "?");
  split_target("/a?", r);
  EXPECT_EQ(r.query, "?");
}

TEST(Signature, authority_is_lower_case_and_without_the_default_port) {
  EXPECT_EQ(normal_authority("JH.Test:443"), "jh.test");
  EXPECT_EQ(normal_authority("jh.test:8443"), "jh.test:8443");
}

TEST(Signature, A12_less_than_the_agreed_components_and_more_have_no_base) {
  const SignatureInput full = make_input(request_components, 1, 2, "k");
  for (std::size_t leave_out = 0; leave_out != std::size(request_components); ++leave_out) {
    std::vector<std::string_view> fewer;
    for (std::size_t i = 0; i != std::size(request_components); ++i) {
      if (i != leave_out) fewer.push_back(request_components[i]);
    }
    EXPECT_FALSE(request_base(make_input(fewer, 1, 2, "k"), a_request())) << request_components[leave_out];
    fewer.push_back("\"date\"");
    EXPECT_FALSE(request_base(make_input(fewer, 1, 2, "k"), a_request())) << request_components[leave_out];
  }
  EXPECT_TRUE(request_base(full, a_request()));
}

TEST(Signature, malformed_signature_input_is_refused) {
  const std::string good = make_input(request_components, 1000, 1060, "k").text;
  EXPECT_TRUE(parse_input("psw=" + good));
  for (const std::string& bad : std::initializer_list<std::string>{std::string(), "sig=" + good, "psw=" + good + ";alg=\"none\"", "psw=" + good + ";created=5", "psw=" + good + " ", "psw=(\"@method\" \"@method\");created=1;keyid=\"k\"",
                                 std::string("psw=(\"@method\"  \"@path\");created=1;keyid=\"k\""), std::string("psw=(\"@method\";created=1;keyid=\"k\""), std::string("psw=();created=-1;keyid=\"k\""),
                                 std::string("psw=(\"@method\");keyid=\"k\""), std::string("psw=(\"@method\");created=1"), std::string("psw=(\"@method\");created=1;keyid=\"a\\\"b\""),
                                 "psw=" + good + ", other=" + good}) {
    EXPECT_FALSE(parse_input(bad)) << bad;
  }
}

TEST(Signature, a_signature_has_64_bytes_and_one_spelling) {
  const std::uint8_t bytes[64] = {1};
  const std::string text = "psw=" + signature_text(bytes);
  EXPECT_TRUE(parse_signature(text));
  EXPECT_FALSE(parse_signature("psw=:AQ==:"));
  EXPECT_FALSE(parse_signature(text + " "));
  std::string other = text;
  other[other.size() - 4] = 'B';  // bits behind the last byte
  EXPECT_FALSE(parse_signature(other));
}

TEST(Signature, window_is_sixty_seconds_to_both_sides) {
  const auto at = [](std::int64_t created_s) { return complaint(make_input(request_components, created_s, created_s + 60, "k"), 1'000'000, 60'000); };
  EXPECT_EQ(at(1000), "");
  EXPECT_EQ(at(940), "");
  EXPECT_EQ(at(1060), "");
  EXPECT_EQ(at(939), "signature_window");
  EXPECT_EQ(at(1061), "signature_window");
  EXPECT_EQ(complaint(make_input(request_components, 990, 995, "k"), 1'000'000, 60'000), "signature_window");
  EXPECT_EQ(complaint(make_input(request_components, 1000, 999, "k"), 1'000'000, 60'000), "signature_expires");
  SignatureInput other = make_input(request_components, 1000, 1060, "k");
  other.tag = "something-else";
  EXPECT_EQ(complaint(other, 1'000'000, 60'000), "signature_tag");
}

TEST(History, what_was_written_is_read_again_and_no_other_spelling) {
  History h;
  h.sender = psw_history{derive_id(1, {"a"}), 3, 812};
  for (const psw_id& peer : {psw_id{}, derive_id(1, {"b"})}) {
    h.peer = peer;
    const auto read = parse_history(write_history(h));
    ASSERT_TRUE(read);
    EXPECT_TRUE(same(read->sender.ledger, h.sender.ledger));
    EXPECT_EQ(read->sender.epoch, 3u);
    EXPECT_EQ(read->sender.position, 812u);
    EXPECT_TRUE(same(read->peer, peer));
  }
  const std::string good = write_history(h);
  for (const std::string& bad : {std::string(), good + " ", "x" + good, good.substr(1), good + ", more=1", good.substr(0, 60)}) EXPECT_FALSE(parse_history(bad)) << bad;
}

TEST(Base64, only_the_canonical_spelling_is_read) {
  const std::vector<std::uint8_t> bytes = {0xff, 0x00, 0x10, 0x20};
  EXPECT_EQ(base64(bytes), "/wAQIA==");
  EXPECT_EQ(parse_base64("/wAQIA==").value(), bytes);
  for (const char* bad : {"/wAQIA=", "/wAQIB==", "/wAQIA==\n", "/w=QIA==", "====", "_wAQIA=="}) EXPECT_FALSE(parse_base64(bad)) << bad;
}

}  // namespace
}  // namespace payswitch::peer_http
