# Finds a run's files by lm-evaluation-harness's own names, and reads its samples as `datasets` does.
import json
import os
import sys

import datasets
from lm_eval.utils import get_file_task_name, get_latest_filename, get_results_filenames, get_sample_results_filenames

folder, cache = sys.argv[1:]
files = [os.path.join(folder, name) for name in os.listdir(folder)]
with open(get_latest_filename(get_results_filenames(files))) as file:
    results = json.load(file)["results"]
for path in sorted(get_sample_results_filenames(files)):
    task = get_file_task_name(os.path.basename(path))
    rows = datasets.load_dataset("json", data_files=path, split="train", cache_dir=cache)
    for metric in rows[0]["metrics"]:
        mean = sum(rows[metric]) / len(rows)
        print(task, len(rows), metric, abs(mean - results[task][f"{metric},none"]) < 1e-12)
