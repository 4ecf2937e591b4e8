"""Writes transformers-5.json: the config.json of each family as transformers 5 writes it, by the name of its folder.

Each is a folder's config.json read and saved again by transformers 5.18 (save_pretrained); families that are not in
transformers are left out:
    python transformers-5.py FOLDER... > transformers-5.json
"""

import json
import os
import sys

from transformers import AutoConfig, logging

logging.set_verbosity_error()
written = {}
for folder in sys.argv[1:]:
    for name in sorted(os.listdir(folder)):
        try:
            written[name] = AutoConfig.from_pretrained(os.path.join(folder, name)).to_json_string(use_diff=True)
        except Exception as error:  # unknown here, or (dbrx) refused
            print(f"{name}: {str(error).splitlines()[0][:100]}", file=sys.stderr)
lines = [f"{json.dumps(name)}: {json.dumps(json.loads(text))}" for name, text in sorted(written.items())]
print("{\n" + ",\n".join(lines) + "\n}")
