"""Validates recorded HTTP exchanges (JSON lines of tests/support/http_client) against docs/reference/openapi.yaml.

usage: openapi_check.py OPENAPI RECORDING…            validate these files
       openapi_check.py --run TEST_BINARY OPENAPI     run its suites over the API while recording, then validate
exit 0: every answer is as described; 1: some are not; 2: nothing was recorded
A request that was answered with success must be valid too, so the description cannot be narrower than the daemon.
"""
import atexit
import json
import os
import re
import subprocess
import sys
import shutil
import tempfile

import yaml
from jsonschema import Draft202012Validator, RefResolver


class Api:
    def __init__(self, path):
        self.document = yaml.safe_load(open(path, encoding="utf-8"))
        self.resolver = RefResolver("", self.document)
        self.validators = {}
        self.paths = []
        for pattern, item in self.document["paths"].items():
            regex = re.compile("^" + re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(pattern)) + "$")
            self.paths.append((regex, item))

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def errors(self, schema, value):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            self.validators[key] = Draft202012Validator(schema, resolver=self.resolver)
        return ["/".join(map(str, e.absolute_path)) + ": " + e.message[:300] for e in self.validators[key].iter_errors(value)]

    def operation(self, method, path):
        for regex, item in self.paths:
            if regex.match(path):
                return item.get(method.lower()), True
        return None, False

    def check(self, x):
        path = x["target"].split("?")[0]
        operation, known = self.operation(x["method"], path)
        headers = {k.lower(): v for k, v in x["headers"].items()}
        kind = headers.get("content-type", "").split(";")[0]
        if operation is None:
            wanted = 405 if known else 404
            if x["status"] not in (wanted, 400, 413):
                return [f"status {x['status']} for an operation that is not described"]
            response = self.document["components"]["responses"]["Problem"]
        else:
            response = self.resolve(operation["responses"].get(str(x["status"]), None))
            if response is None:
                return [f"status {x['status']} is not described"]
        if x["status"] in (400, 413, 408, 503) and not x["body"]:
            return []  # refused by the connection before any handler: an empty body
        found = []
        content = response.get("content", {})
        if kind not in content:
            return [f"content type {kind!r} is not described"]
        try:
            body = json.loads(x["body"])
        except ValueError as error:
            return [f"the body is not JSON: {error}"]
        found += self.errors(content[kind]["schema"], body)
        if kind == "application/problem+json" and body.get("status") != x["status"]:
            found.append("status of the problem and of the answer differ")
        described = {k.lower(): self.resolve(v) for k, v in response.get("headers", {}).items()}
        for name, value in headers.items():
            if name in described:
                found += [f"header {name}: {e}" for e in self.errors(described[name].get("schema", {}), value)]
            elif name not in ("content-type", "content-length", "date", "connection", "cache-control"):
                found.append(f"header {name} is not described")
        if operation and x["status"] < 300 and x["request_body"] and "requestBody" in operation:
            schema = self.resolve(operation["requestBody"])["content"]["application/json"]["schema"]
            found += ["request accepted although " + e for e in self.errors(schema, json.loads(x["request_body"]))]
        return found


def record(binary):
    folder = tempfile.mkdtemp(prefix="payswitch-openapi-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    recording = os.path.join(folder, "recording.jsonl")
    suites = "Money.*:Refusals.*:Keys.*:Idempotency.*"
    done = subprocess.run([binary, "--gtest_filter=" + suites, "--gtest_brief=1"], env={**os.environ, "PSW_RECORD": recording})
    return recording, done.returncode


def main():
    ran = 0
    if sys.argv[1] == "--run":
        recording, ran = record(sys.argv[2])
        sys.argv = [sys.argv[0], sys.argv[3], recording]
    api = Api(sys.argv[1])
    checked, failed, operations = 0, 0, {}
    for recording in sys.argv[2:]:
        for line in open(recording, encoding="utf-8", errors="replace"):
            x = json.loads(line)
            if not x["target"].startswith("/v1/"):
                continue  # the admin listener
            errors = api.check(x)
            checked += 1
            operations.setdefault((x["method"], re.sub(r"/(mj-[^/]*|[0-7][0-9A-Z]{25})", "/*", x["target"].split("?")[0])), set()).add(x["status"])
            if errors:
                failed += 1
                if failed <= 20:
                    print(f"{recording}: {x['method']} {x['target']} -> {x['status']}: {'; '.join(errors[:4])}\n  {x['body'][:400]}")
    print(f"{checked} answers checked, {failed} not as described, {len(operations)} kinds of request")
    if checked == 0:
        return 2
    if ran != 0:
        print("the recorded suites have failures of their own, shown above")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
