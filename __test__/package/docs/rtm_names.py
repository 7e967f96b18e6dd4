"""Prints the public names of slack_sdk's two RTM clients as JSON: options, methods, attributes, arguments of callbacks, and the
events that the clients emit themselves. It reads their sources."""

import ast
import importlib.util
import json


def names_of(module):
    tree = ast.parse(open(importlib.util.find_spec(module).origin, encoding="utf8").read())
    client = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "RTMClient")
    names = set()
    for node in client.body:
        if isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(node.name)
            if node.name == "__init__":
                names.update(argument.arg for argument in node.args.kwonlyargs)
    for node in ast.walk(client):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and getattr(node.value, "id", "") == "self":
            names.add(node.attr)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "_dispatch_event":
            names.update(keyword.value.value for keyword in node.keywords
                         if keyword.arg == "event" and isinstance(keyword.value, ast.Constant))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "callback":
            names.update(keyword.arg for keyword in node.keywords if keyword.arg)
    return sorted(name for name in names if not name.startswith("_"))


print(json.dumps({module: names_of(module) for module in ("slack_sdk.rtm", "slack_sdk.rtm_v2")}))
