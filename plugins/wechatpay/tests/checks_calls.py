"""The checks of our own calls, and the scenarios that need each.

Each entry: where, what is there, what stands there instead, and the scenarios of which one must then fail.
"""

from plugins.wechatpay import client, errors, provider

IDLE = "if False:"

CHECKS = [
    (
        client.Client._send,
        "if not _never_sent(error):",
        IDLE,
        ["call_that_may_have_arrived_does_not"],
    ),
    (
        client.Client._send,
        "if not _never_sent(error):",
        "if True:",
        ["call_that_was_never_sent_goes_to_the_second_site"],
    ),
    (
        client.Client._send,
        "except requests.Timeout:",
        "except ZeroDivisionError:",
        ["reply_that_never_comes_is_unknown"],
    ),
    (
        client.Client._send,
        "except requests.RequestException:",
        "except ZeroDivisionError:",
        ["order_whose_reply_breaks_is_unknown_and_may_be_asked_again"],
    ),
    (client.Client._send, "allow_redirects=False", "allow_redirects=True", ["redirects_are_not_followed"]),
    (client.Client._send, "timeout=self.timeout,", "", ["every_call_has_time_outs"]),
    (client.Client.fetch_certificates, "timeout=self.timeout,", "", ["every_call_has_time_outs"]),
    (client.Client._read, "if raw is None:", IDLE, ["huge_and_shapeless_replies_are_unknown"]),
    (client._read_body, "len(raw) > MAX_REPLY or", "", ["huge_and_shapeless_replies_are_unknown"]),
    (client.Client._read, "status == 429 or", "", ["doubtful_status_is_unknown_whatever_it_says"]),
    (
        client.Client._read,
        "status == 202 or",
        "",
        ["doubtful_status_is_unknown_whatever_it_says"],
    ),
    (client.Client._read, "status >= 500 or", "", ["doubtful_status_is_unknown_whatever_it_says"]),
    (client.Client._read, "if status < 300 or signed:", "if signed:", ["unproven_replies_say_why"]),
    (
        client.Client._read,
        "if status < 300 or signed:",
        "if status < 300:",
        ["refusal_that_is_signed_must_be_signed_rightly"],
    ),
    (client.Client._read, "self._verify(response, raw)", "pass", ["query_whose_reply_breaks_is_unknown"]),
    (
        client.Client._read,
        'Unknown(cause="not_json") if data is None else',
        "",
        ["huge_and_shapeless_replies_are_unknown"],
    ),
    (
        client.Client._verify,
        'if error.reason != "serial" or self.platform.public_key_id:',
        "if True:",
        ["certificate_mode_fetches_what_it_lacks"],
    ),
    (
        client.Client.fetch_certificates,
        "signing.check(response.headers, raw, find_key=found.get, now=self.clock.now())",
        "pass",
        ["certificate_list_signed_by_a_stranger_is_not_learnt"],
    ),
    (
        client._rejection,
        "if not isinstance(code, str) or not code:",
        IDLE,
        ["refusal_without_wechats_code_is_no_refusal"],
    ),
    (
        client._rejection,
        "if errors.normalise(code) in errors.UNKNOWN:",
        IDLE,
        ["system_error_in_a_4xx_is_no_refusal"],
    ),
    (
        errors.normalise,
        '.replace("_", "")',
        "",
        ["order_on_paid_number_says_paid_in_both_spellings", "query_follows_the_order"],
    ),
    (
        provider.WechatPay._read_query,
        'if reply.data.get("out_trade_no") != out_trade_no:',
        IDLE,
        ["query_answered_with_another_order_is_not_believed"],
    ),
    (
        provider.WechatPay._read_query,
        "notifications.check_account(reply.data, self.account)",
        "pass",
        ["query_answered_for_another_merchant_is_not_believed"],
    ),
    (
        provider.WechatPay._read_query,
        "state in notifications.PAID_STATES",
        'state == "SUCCESS"',
        ["refunded_order_counts_as_paid"],
    ),
    (
        provider.WechatPay._read_query,
        "if state in _UNPAID:",
        "if True:",
        ["query_in_words_we_do_not_know_is_unknown"],
    ),
    (
        provider.WechatPay.close,
        'Ok(Closed()) if reply.status == 204 else Unknown(cause=f"status_{reply.status}")',
        "Ok(Closed())",
        ["close_is_204_and_nothing_else"],
    ),
    (
        provider.WechatPay._instruction,
        "if not isinstance(value, str) or not value:",
        IDLE,
        ["huge_and_shapeless_replies_are_unknown"],
    ),
    (
        provider._check_number,
        "if not _OUT_TRADE_NO.fullmatch(out_trade_no):",
        IDLE,
        ["strange_numbers_are_never_sent"],
    ),
]
