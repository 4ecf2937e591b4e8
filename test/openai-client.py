"""OpenAI's client for Python, unmodified, against a server: python3 openai-client.py URL. It says what it did."""

import json
import sys

from openai import BadRequestError, NotFoundError, OpenAI
from pydantic import BaseModel, ConfigDict, Field

client = OpenAI(base_url=sys.argv[1] + "/v1", api_key="none", max_retries=0)
messages = [{"role": "user", "content": "Xi'an?"}]
asked = {"model": "tiny", "messages": messages, "seed": 4}


class Report(BaseModel):
    model_config = ConfigDict(extra="forbid")
    city: str = Field(max_length=6)
    days: int = Field(ge=1, le=14)


tools = [{"type": "function", "function": {"name": "weather", "parameters": Report.model_json_schema()}}]

whole = client.chat.completions.create(**asked, max_tokens=8, logprobs=True, top_logprobs=2)
chunks = client.chat.completions.create(**asked, max_tokens=8, stream=True, stream_options={"include_usage": True})
text, usage = "", None
for chunk in chunks:
    usage = chunk.usage or usage
    text += "".join(choice.delta.content or "" for choice in chunk.choices)
assert text == whole.choices[0].message.content and usage.completion_tokens == whole.usage.completion_tokens == 8
assert len(whole.choices[0].logprobs.content) == 8
print("chat")

with client.chat.completions.stream(**asked, tools=tools, tool_choice="required", parallel_tool_calls=False) as stream:
    for _ in stream:
        pass
    message = stream.get_final_completion().choices[0].message
call = message.tool_calls[0]
Report.model_validate_json(call.function.arguments)
told = messages + [message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
client.chat.completions.create(model="tiny", messages=told, tools=tools, max_tokens=2)
print("tools")

parsed = client.chat.completions.parse(**asked, response_format=Report)
assert 1 <= parsed.choices[0].message.parsed.days <= 14
print("schema")

vectors = client.embeddings.create(model="tiny", input=["one", "two"])
assert len(vectors.data) == 2 and isinstance(vectors.data[0].embedding[0], float)
print("vectors")

first = client.responses.create(model="tiny", input="hello", max_output_tokens=4)
later = client.responses.create(model="tiny", input="more", previous_response_id=first.id, max_output_tokens=4)
assert later.usage.input_tokens > first.usage.input_tokens and later.output_text is not None
print("responses")

text = client.completions.create(model="tiny", prompt=[1, 2, 3], echo=True, logprobs=1, max_tokens=0)
assert text.choices[0].logprobs.token_logprobs[0] is None and len(text.choices[0].logprobs.tokens) == 3
print("completions")

for refused, kind in ((dict(asked, model="gpt-4"), NotFoundError), (dict(asked, n=129), BadRequestError)):
    try:
        client.chat.completions.create(**refused)
        raise AssertionError(json.dumps(refused))
    except kind:
        pass
print("errors")
