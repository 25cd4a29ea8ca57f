/* Layout of every struct of abi.h on the platforms we ship for (64-bit, little endian): size, and offset of the last field. A struct may
 * only grow at its end, so a line here changes only together with an appended field and a line in sdk/CHANGES.md. Included by abi.h. */
#ifndef PSW_ABI_LAYOUT_H
#define PSW_ABI_LAYOUT_H
#ifdef __cplusplus
#define PSW_LAYOUT(type, bytes, last, at) static_assert(sizeof(type) == (bytes) && offsetof(type, last) == (at), "layout of " #type)
#else
#define PSW_LAYOUT(type, bytes, last, at) _Static_assert(sizeof(type) == (bytes) && offsetof(type, last) == (at), "layout of " #type)
#endif
PSW_LAYOUT(psw_str, 16, size, 8);
PSW_LAYOUT(psw_id, 16, b, 0);
PSW_LAYOUT(psw_money, 16, exponent, 12);
PSW_LAYOUT(psw_i128, 16, hi, 8);
PSW_LAYOUT(psw_history, 32, position, 24);
PSW_LAYOUT(psw_list, 16, stride, 12);
PSW_LAYOUT(psw_error, 640, text, 132);
PSW_LAYOUT(psw_field, 32, value, 16);
PSW_LAYOUT(psw_header, 32, value, 16);
PSW_LAYOUT(psw_op, 64, body, 56);
PSW_LAYOUT(psw_reply, 144, pad, 140);
PSW_LAYOUT(psw_unique, 80, hash, 48);
PSW_LAYOUT(psw_guard, 96, until_ms, 88);
PSW_LAYOUT(psw_posting, 104, record, 88);
PSW_LAYOUT(psw_account, 168, credits_posted, 152);
PSW_LAYOUT(psw_record, 272, note, 256);
PSW_LAYOUT(psw_kv, 48, expires_ms, 40);
PSW_LAYOUT(psw_entry, 136, if_refused, 120);
PSW_LAYOUT(psw_posting_row, 144, available_after, 128);
PSW_LAYOUT(psw_change, 104, note, 88);
PSW_LAYOUT(psw_hello, 80, currencies, 64);
PSW_LAYOUT(psw_read, 168, pad, 164);
PSW_LAYOUT(psw_credit, 232, verified_key, 216);
PSW_LAYOUT(psw_decision, 224, verified_key, 208);
PSW_LAYOUT(psw_call, 56, actor, 40);
PSW_LAYOUT(psw_login, 88, locale, 72);
PSW_LAYOUT(psw_identity, 136, auth_time, 128);
PSW_LAYOUT(psw_event, 24, body, 16);
PSW_LAYOUT(psw_fd, 16, pad, 12);
PSW_LAYOUT(psw_host, 72, get, 64);
PSW_LAYOUT(psw_http, 160, tls_profile, 144);
PSW_LAYOUT(psw_executor_1, 48, random, 40);
PSW_LAYOUT(psw_http_1, 32, respond, 24);
PSW_LAYOUT(psw_inbound_1, 64, report, 56);
PSW_LAYOUT(psw_store_1, 32, put, 24);
PSW_LAYOUT(psw_signature, 80, bytes, 16);
PSW_LAYOUT(psw_to_verify, 96, signature, 32);
PSW_LAYOUT(psw_verified, 24, bank, 8);
PSW_LAYOUT(psw_keys_1, 24, verify, 16);
PSW_LAYOUT(psw_secrets_1, 16, read, 8);
PSW_LAYOUT(psw_metric, 56, labels, 40);
PSW_LAYOUT(psw_metrics_1, 32, set, 24);
PSW_LAYOUT(psw_span, 88, fields, 72);
PSW_LAYOUT(psw_trace_1, 24, end_span, 16);
PSW_LAYOUT(psw_lane, 16, groups, 12);
PSW_LAYOUT(psw_key, 120, flags, 116);
PSW_LAYOUT(psw_message, 64, explanation, 48);
PSW_LAYOUT(psw_command, 72, flags, 68);
PSW_LAYOUT(psw_instance, 72, extension, 64);
PSW_LAYOUT(psw_type, 136, create, 128);
PSW_LAYOUT(psw_plugin, 112, types, 96);
#undef PSW_LAYOUT
#endif
