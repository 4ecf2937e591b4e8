# Random templates and what Jinja2 makes of them, in the environment of transformers' chat templates.
#
#   PYTHONHASHSEED=0 python3 test/oracles/jinja.py --seed 1 --expressions 10000 --statements 4000 test/golden/jinja/cases.jsonl.gz
#
# needs jinja2 3.1.6 (pip install jinja2==3.1.6). The first line of the file holds the variables, every other one a
# template with its text, or with the type of its error in place of the text.
import argparse
import gzip
import json
import random
import re
import signal
import warnings
from datetime import datetime

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

warnings.simplefilter("ignore")


class AssistantTracker(jinja2.ext.Extension):
    """As in transformers.utils.chat_template_utils, without the tracking."""

    tags = {"generation"}

    def parse(self, parser):
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_generation_support"), [], [], body).set_lineno(lineno)

    @jinja2.pass_eval_context
    def _generation_support(self, context, caller):
        return caller()


def make_environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[AssistantTracker, jinja2.ext.loopcontrols]
    )

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: datetime(2026, 3, 4, 5, 6, 7).strftime(format)
    return env


VARIABLES = {
    "n": 3,
    "big": 2**70,
    "neg": -7,
    "f": 2.5,
    "tiny": 1e-7,
    "s": "Hello, World",
    "cjk": "你好 wörld ß\U0001f600",
    "html": "<a href='x'>b & \"c\"</a>",
    "blank": " \t a b\n c \n",
    "num": "42.5",
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "xs": [3, 1, 2],
    "words": ["b", "A", "c", "a"],
    "mixed": [1, "a", None, 2.5, [1], {"k": 1}],
    "pairs": [["a", 1], ["b", 2]],
    "d": {"b": 1, "a": [1, 2], "items": "x", "C": None},
    "nums": {"x": 2, "Y": 1, "z": 3},
    "messages": [
        {"role": "user", "content": "Hi <b>", "n": 2},
        {"role": "assistant", "content": None, "n": 1, "tool_calls": [{"name": "f", "arguments": {"x": 1.5}}]},
        {"role": "User", "content": "Bye\nnow", "n": 2},
    ],
    "tree": [{"v": 1, "kids": [{"v": 2, "kids": []}, {"v": 3, "kids": [{"v": 4, "kids": []}]}]}],
}

FILTERS = {
    "abs": [""], "attr": ["('items')", "('x')", "('__class__')", "('upper')", "(n)"], "batch": ["(2)", "(2, 'x')", "(0)", "(n)"],
    "capitalize": [""], "center": ["(9)", "", "(n)"], "count": [""], "d": ["('x')", "('x', true)", ""],
    "default": ["('x')", "('x', boolean=true)", "(default_value=1)"],
    "dictsort": ["", "(true)", "(false, 'value')", "(reverse=true)", "(by='x')"], "e": [""], "escape": [""],
    "filesizeformat": ["", "(true)"], "first": [""], "float": ["", "(1.5)", "(default='x')"], "forceescape": [""],
    "format": ["(1)", "('a', 2)", "(a=1)", ""], "groupby": ["('role')", "('n')", "('role', default='x')", "('role', case_sensitive=true)", "(0)"],
    "indent": ["", "(2)", "('> ')", "(2, true)", "(2, blank=true)", "(width=1, first=true)"], "int": ["", "(7)", "(0, 16)", "(base=2)", "(default=none)"],
    "items": [""], "join": ["", "(', ')", "('-', attribute='n')", "(1)", "(attribute=0)"], "last": [""], "length": [""], "list": [""],
    "lower": [""], "map": ["('upper')", "(attribute='n')", "('length')", "(attribute='n', default=0)", "('default', 1)", "('nofilter')", "", "('int', default=2)", "(attribute='tool_calls.0.name')", "(x=1)"],
    "max": ["", "(attribute='n')", "(true)"], "min": ["", "(attribute='n')", "(case_sensitive=true)"], "pprint": [""],
    "reject": ["", "('odd')", "('string')", "('gt', 1)", "('none')"], "rejectattr": ["('n')", "('n', 'gt', 1)", "('content', 'none')", ""],
    "replace": ["('a', 'b')", "('l', 'L', 1)", "('', '-')", "(1, 2)"], "reverse": [""],
    "round": ["", "(1)", "(1, 'ceil')", "(0, 'floor')", "(-1)", "(method='x')", "(2)"], "safe": [""],
    "select": ["", "('odd')", "('string')", "('in', [1, 2])", "('equalto', 'a')", "('notest')"],
    "selectattr": ["('n')", "('n', '==', 2)", "('role', 'in', ['user'])", "('tool_calls')", "('content', 'string')"],
    "slice": ["(2)", "(3, 'x')", "(n)", "(0)", "(2, fill_with=0)"], "sort": ["", "(true)", "(attribute='n')", "(case_sensitive=true)", "(attribute='n,role')", "(reverse=true, attribute='role')"],
    "string": [""], "striptags": [""], "sum": ["", "(attribute='n')", "(start=10)", "(start=[])", "('n', 1)"], "title": [""], "trim": ["", "('Hd')", "(none)"],
    "truncate": ["(5)", "(9, true)", "(9, false, '..', 0)", "(3, end='')", "(1)"], "unique": ["", "(true)", "(attribute='role')"], "upper": [""],
    "urlencode": [""], "urlize": ["", "(4)", "(nofollow=true)", "(target='_blank')"], "wordcount": [""], "wordwrap": ["(5)", "(4, false)", "(5, wrapstring='|')", ""],
    "xmlattr": ["", "(false)"],
    "tojson": ["", "(indent=2)", "(true)", "(separators=(',', ':'))", "(sort_keys=true)", "(indent='-')", "(ensure_ascii=true)", "(false, 1, none, true)"],
    "nofilter": [""],
}
TESTS = [
    "odd", "even", "divisibleby 2", "divisibleby(n)", "defined", "undefined", "filter", "test", "none", "boolean", "false", "true", "integer",
    "float", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "callable", "sameas none", "sameas(true)", "escaped",
    "in xs", "in 'Hello'", "in d", "in [1, 'a']", "eq 3", "equalto('a')", "ne 1", "gt 1", "greaterthan(1)", "ge 2", "lt 2", "lessthan 'b'", "le 3",
    "notest", "== 3", "divisibleby", "in",
]
METHODS = [
    "upper()", "lower()", "title()", "capitalize()", "swapcase()", "casefold()", "strip()", "strip('Hd ')", "lstrip()", "rstrip('\\n')", "split()",
    "split(',')", "split('l', 1)", "rsplit('l', 1)", "rsplit(none, 1)", "split(sep=none, maxsplit=1)", "splitlines()", "splitlines(true)", "startswith('H')",
    "startswith(('H', 'x'))", "endswith('d')", "endswith('o', 0, 5)", "find('l')", "rfind('l')", "find('l', 4)", "index('l')", "rindex('zz')", "count('l')", "count('', 2)",
    "replace('l', 'L')", "replace('l', 'L', 1)", "join(['a', 'b'])", "join(words)", "join(xs)", "center(20)", "center(15, '*')", "ljust(15, '.')", "rjust(15)", "zfill(8)",
    "partition(',')", "rpartition('l')", "removeprefix('He')", "removesuffix('ld')", "expandtabs()", "expandtabs(4)", "isalpha()", "isdigit()", "isalnum()", "isspace()",
    "isupper()", "islower()", "istitle()", "isnumeric()", "isdecimal()", "isidentifier()", "isascii()", "isprintable()", "encode()", "encode('ascii', 'ignore')",
    "format(1, a=2)", "format_map({'a': 1})", "translate({108: 'L'})", "maketrans('ab', 'cd')", "items()", "keys()", "values()", "get('a')", "get('zz', 1)", "get('zz')",
    "copy()", "pop('a')", "update({})", "append(1)", "count(1)", "index(1)", "index(2, 1)", "sort()", "clear()", "setdefault('a', 1)", "role", "content", "nothing_here",
    "__class__", "__init__", "_x", "real", "imag", "numerator", "bit_length()", "is_integer()", "as_integer_ratio()", "hex()", "conjugate()", "isdisjoint(['a'])",
    "start", "stop", "items", "0", "1", "fromkeys(['a'])", "n", "tool_calls", "decode()",
]
FORMATS = [
    "'{}'", "'{0} {1}'", "'{a}'", "'{:>8}'", "'{:^9.3f}'", "'{:,}'", "'{:+d}'", "'{:#x}'", "'{:08.2f}'", "'{:e}'", "'{:g}'", "'{:%}'", "'{!r}'", "'{!s:>6}'", "'{0[a]}'", "'{0.real}'",
    "'{0.__class__}'", "'{{}}'", "'{:_}'", "'{:b}'", "'{:c}'", "'{:*<7}'", "'{:=+7}'", "'{:.2}'", "'{:010,}'", "'{:{a}}'", "'{'", "'}'", "'{!x}'", "'{:z}'", "'{:n}'", "'{:.0f}'", "'{:#.3g}'", "'{: d}'",
]
PERCENTS = [
    "'%s'", "'%d'", "'%5.1f'", "'%x'", "'%r'", "'%-6s|'", "'%06d'", "'%+d'", "'%e'", "'%g'", "'%c'", "'%%'", "'%(a)s'", "'%s %s'", "'%o'", "'%#x'", "'%i'", "'%.2s'", "'%*d'", "'%y'", "'%'", "'abc'", "'%a'", "'%.3d'", "'% d'", "'%G'", "'%5%'", "'%.0f'",
]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = []

    def pick(self, options):
        return self.random.choice(options)

    def chance(self, p):
        return self.random.random() < p

    def name(self):
        if self.names and self.chance(0.3):
            return self.pick(self.names)
        return self.pick(list(VARIABLES) + ["missing", "xs", "words", "messages", "d", "s", "n", "f"])

    def literal(self):
        return self.pick([
            "0", "1", "2", "7", "10", "1_000", "0x1F", "0b101", "0o17", "12345678901234567890", "1.0", "0.1", "2.5", "1e3", "2.5e-3", "1e16", "1.5e300", "00",
            "''", "'a'", "\"it's\"", "'é'", "'\\n'", "'\\x41\\u00e9\\t\\q'", "'a' 'b'", "'Hello'", "'<b>'", "true", "false", "none", "True", "None",
            "[]", "()", "{}", "[1, 2, 3]", "(1,)", "('a', 'b')", "{'a': 1}", "{1: 'x', 'y': [none]}", "{(1, 2): 3}", "{1.0: 'f', true: 't'}", "['b', 'a']", "[1, 'a', none, 1.5]",
            "[[1, 2], [0]]", "{'a': {'b': 1}}", "range(4)", "range(1, 10, 3)", "range(5, 0, -2)", "dict(a=1)", "namespace(a=1)", "'1,2'", "' x '", "-3", "'abc'|safe", "('<'|e)",
        ])

    def value(self, depth):
        if depth <= 0 or self.chance(0.25):
            return self.name() if self.chance(0.5) else self.literal()
        return self.expression(depth - 1)

    def atom(self, depth):
        value = self.value(depth)
        return value if value.isidentifier() or value[0] in "[({'\"" and value[-1] in "])}'\"" and " " not in value else f"({value})"

    def arguments(self, depth):
        parts = [self.value(depth - 1) for _ in range(self.random.randrange(3))]
        if self.chance(0.2):
            parts.append(f"a={self.value(depth - 1)}")
        if self.chance(0.15):
            parts.append(f"*{self.pick(['xs', '[1]', '()', 'n', 'missing', 'words'])}")
        if self.chance(0.15):
            parts.append(f"**{self.pick(['d', 'nums', '{}', 'xs', chr(123) + chr(39) + 'a' + chr(39) + ': 1}'])}")
        return ", ".join(parts)

    def slice(self):
        def part():
            return self.pick(["", "", "0", "1", "2", "-1", "-2", "n", "5", "none"])

        return self.pick([f"{part()}:{part()}", f"{part()}:{part()}:{self.pick(['', '1', '2', '-1', '-2', '0'])}", ":", "::-1"])

    def filter(self):
        name = self.pick(list(FILTERS))
        return name + self.pick(FILTERS[name])

    def expression(self, depth):
        kind = self.random.randrange(24)
        a = self.atom(depth)
        if kind < 6:
            out = f"{a}|{self.filter()}"
            if self.chance(0.4):
                out += f"|{self.pick(['list', 'join(chr)', 'string', 'tojson', 'length', 'first', 'join(45)', self.filter()])}".replace("chr", "','").replace("45", "'-'")
            return out
        if kind < 8:
            return f"{a} is {self.pick(['', 'not '])}{self.pick(TESTS)}"
        if kind < 12:
            return f"{a}.{self.pick(METHODS)}"
        if kind < 15:
            op = self.pick(["+", "-", "*", "/", "//", "%", "**", "~", "+", "~"])
            b = self.pick(["2", "3", "-1", "0", "0.5"]) if op == "**" else self.atom(depth)
            if op == "**":
                a = self.pick(["2", "n", "f", "neg", "-2", "0", "1.5", "s", "missing", "big", "yes", "tiny"])
            return f"{a} {op} {b}"
        if kind == 15:
            op = self.pick(["==", "!=", "<", "<=", ">", ">=", "in", "not in"])
            out = f"{a} {op} {self.atom(depth)}"
            if self.chance(0.3):
                out += f" {self.pick(['<', '==', '>=', '!=', 'in', 'not in'])} {self.atom(depth)}"
            return out
        if kind == 16:
            return self.pick([f"{a} and {self.value(depth)}", f"{a} or {self.value(depth)}", f"not {a}", f"-{a}", f"+{a}", f"not {a} == {self.atom(depth)}"])
        if kind == 17:
            return f"{a} if {self.value(depth)}" + (f" else {self.value(depth)}" if self.chance(0.7) else "")
        if kind == 18:
            return f"{a}[{self.slice()}]"
        if kind == 19:
            return f"{a}[{self.pick([self.value(depth), '0', '-1', chr(39) + 'a' + chr(39), chr(39) + 'role' + chr(39), '1.0', 'none', '0, 1', '99', chr(39) + 'upper' + chr(39)])}]"
        if kind == 20:
            return f"{self.pick(FORMATS)}.format({self.arguments(depth)})"
        if kind == 21:
            right = self.pick([self.atom(depth), f"({self.value(depth)}, {self.value(depth)})", "{'a': 1}", "n", "f", "s", "5", "255", "-1.5", "big"])
            return f"{self.pick(PERCENTS)} % {right}"
        if kind == 22:
            call = self.pick(["range", "dict", "namespace", "cycler", "joiner", "missing", "s", "strftime_now", "raise_exception", "dict.fromkeys", "s.upper", "d.get"])
            return f"{call}({self.arguments(depth)})"
        return self.pick([f"[{self.value(depth)}, {self.value(depth)}]", f"({self.value(depth)},)", f"{{{self.literal()}: {self.value(depth)}}}", f"{a} ~ {self.atom(depth)} ~ {self.literal()}",
                          f"2 * {a} + {self.literal()}", f"-{self.literal()} ** 2", f"{self.literal()} * {self.literal()} ** {self.pick(['2', '3'])} - {self.literal()}", f"{a}|{self.filter()} + {self.atom(depth)}"])

    # ---- Statements

    def text(self):
        return self.pick(["x", " ", "\n", "  \n", "a b", "\n  ", "<p>", "", "", ".", "\n\n", "\t", "é\n", "{ ", "%} ", "\r\n", "}}"])

    def tag(self, inside):
        return "{%" + self.pick(["", "", "", "-", "+"]) + self.pick([" ", " ", "", "\n "]) + inside + " " + self.pick(["", "", "", "-", "+"]) + "%}"

    def print(self):
        return "{{" + self.pick(["", "", "-"]) + " " + self.simple() + " " + self.pick(["", "", "-"]) + "}}"

    def simple(self):
        if self.chance(0.6):
            return self.pick(self.names or ["n"]) + self.pick(["", "", "|upper", "|default('-')", " ~ 1", "|length", " is defined", "|e", ".a", "|list", "|join"])
        return self.expression(1)

    def fresh(self):
        name = self.pick(["a", "b", "c", "x", "y", "z", "n", "s", "ns", "loop", "caller", "varargs", "m"] if self.chance(0.05) else ["a", "b", "c", "x", "y", "z", "n", "s"])
        self.names.append(name)
        return name

    def body(self, depth, loop=False):
        out = ""
        for _ in range(self.random.randrange(1, 4)):
            out += self.text() + self.statement(depth - 1, loop)
        return out + self.text()

    def loop_print(self):
        return "{{ " + self.pick(["loop.index", "loop.index0", "loop.revindex", "loop.revindex0", "loop.first", "loop.last", "loop.length", "loop.depth", "loop.depth0", "loop.previtem", "loop.nextitem",
                                  "loop.cycle('o', 'e')", "loop.changed(x)", "loop", "loop.foo", "loop.cycle()", "loop.index is odd"]) + " }}"

    def statement(self, depth, loop=False):
        if depth <= 0:
            return self.print()
        if loop and self.chance(0.25):
            return self.loop_print()
        kind = self.random.randrange(26)
        if kind < 5:
            return self.print()
        if kind < 8:
            target = self.pick([self.fresh(), self.fresh(), f"{self.fresh()}, {self.fresh()}", "ns.a", "ns.b"])
            value = self.pick([self.simple(), self.expression(1), "1, 2", "namespace(a=0)", "[1, 2]", "namespace(a=1)"])
            if target.startswith("ns") and self.chance(0.7):
                return self.tag("set ns = namespace(a=0)") + self.tag(f"set {target} = {value}") + "{{ ns.a }}"
            return self.tag(f"set {target} = {value}")
        if kind < 12:
            names = len(self.names)
            target = self.pick([self.fresh(), self.fresh(), f"{self.fresh()}, {self.fresh()}", f"{self.fresh()}, ({self.fresh()}, {self.fresh()})"])
            items = self.pick(["xs", "words", "[]", "range(3)", "'ab'", "missing", "d", "nums.items()", "pairs", "messages", "xs|map('string')", "[[1, [2, 3]]]", "n", "xs|sort", self.expression(1), "1, 2", "nums|dictsort", "messages|selectattr('n')"])
            test = f" if {self.pick([self.simple(), 'x is defined', 'not loop.first', 'true', self.names[-1] + ' != 1'])}" if self.chance(0.25) else ""
            recursive = " recursive" if self.chance(0.1) else ""
            out = self.tag(f"for {target} in {items}{test}{recursive}") + self.body(depth, True)
            if self.chance(0.25):
                out += self.tag("else") + self.body(depth, loop)
            out += self.tag("endfor")
            del self.names[names + 3:]
            return out
        if kind < 15:
            out = self.tag(f"if {self.simple()}") + self.body(depth, loop)
            if self.chance(0.3):
                out += self.tag(f"elif {self.simple()}") + self.body(depth, loop)
            if self.chance(0.4):
                out += self.tag("else") + self.body(depth, loop)
            return out + self.tag("endif")
        if kind == 15:
            return self.tag(f"with {self.fresh()} = {self.simple()}" + (f", {self.fresh()} = {self.simple()}" if self.chance(0.4) else "")) + self.body(depth, loop) + self.tag("endwith")
        if kind == 16:
            return self.tag(f"set {self.fresh()}" + self.pick(["", "", "|upper", "|trim|title", "|replace('a', n)"])) + self.body(depth, loop) + self.tag("endset")
        if kind == 17:
            return self.tag(f"filter {self.pick(['upper', 'trim', 'e', 'indent(2)', 'replace(1, 2)', 'length', 'title|lower', 'list', 'nofilter'])}") + self.body(depth, loop) + self.tag("endfilter")
        if kind in (18, 19):
            params = self.pick(["", "a", "a, b=2", "a, b=a", "a=b, b=1", "x='é', y=[]", "a, a", "caller=none"])
            use = self.pick(["{{ a }}", "{{ varargs }}", "{{ kwargs }}", "{{ caller() }}", "{{ caller(1) }}", "{{ a }}{{ b }}", "{{ x }}", "{{ caller is defined }}", "{{ f.name }}"])
            call = self.pick(["f()", "f(1)", "f(1, 2)", "f(a=3)", "f(1, b=2)", "f(*xs)", "f(**nums)", "f(1, 2, 3, z=4)", "f.arguments", "f.catch_kwargs", "f"])
            block = ""
            if self.chance(0.4):
                block = self.tag(f"call{self.pick(['', '', '(x)', '(x, y=2)'])} {self.pick(['f()', 'f(1)', 'f(a=1)', 'n', 'f(1, b=2)', 'missing()'])}") + self.pick(["B", "{{ x }}", "{{ a }}", self.body(depth, False)]) + self.tag("endcall")
            return self.tag(f"macro f({params})") + use + self.body(depth, False) + self.tag("endmacro") + "{{ " + call + " }}" + block
        if kind == 20:
            return self.tag("generation") + self.body(depth, False) + self.tag("endgeneration")
        if kind == 21:
            return self.pick([self.tag("raw") + "{{ x }} {% if %}\n " + self.tag("endraw"), "{# c #}", "{#- c -#}", "  {# c\n #}\n", "{#+ c +#}\n", "{{ '{{' }}", "{##}"])
        if kind == 22:
            value = self.pick(["true", "false", "yes", "n", "missing", "not true"])
            return self.tag(f"autoescape {value}") + self.pick(["{{ html }}", "{{ html|safe }}", "{{ '<' ~ html }}", "{{ html|e }}", ""]) + self.body(depth, loop) + self.tag("endautoescape")
        if kind == 23:
            return self.tag(self.pick(["break", "continue"])) if loop or self.chance(0.15) else self.print()
        if kind == 24:
            name = self.pick(["b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8"])
            return self.tag(f"block {name}{self.pick(['', '', ' scoped', ' required'])}") + self.pick(["{{ super() }}", "{{ a }}", "", ""]) + self.body(depth, False) + self.tag(self.pick(["endblock", f"endblock {name}"])) + self.pick(["", f"{{{{ self.{name}() }}}}"])
        return self.pick([
            self.tag("include 'x'"), self.tag("include [] ignore missing"), self.tag("import 'x' as y"), self.tag("from 'x' import y"), self.tag("extends 'x'"), self.tag("print 1, 'a'"), self.tag("foo"),
            self.tag("endif"), self.tag("if"), "{{ }}", "{{ 1 +", "{% if x", "{{ 'abc }}", "{# open", self.tag("set x"), self.tag("for x in"), self.tag("if false") + self.tag("include 'x'") + self.tag("endif"),
            self.tag("set true = 1"), "{{ a b }}", "{{ (1, }}", "{{ [1 }}", "{{ 1 if }}", "{{ x.1.2 }}", "{{ f(a=1, 2) }}", "{{ 1 is 1 }}", "{{ ! }}", "{{ x; y }}", "{% raw %}", "{{ x is defined is none }}", "{{ 'a'|upper() }}", self.tag("if true:") + "y" + self.tag("endif:"),
            "{% for item in tree recursive %}[{{ item.v }}{{ loop.depth }}{{ loop(item.kids) if item.kids }}]{% endfor %}",
            "{% set j = joiner('|') %}{% for w in words %}{{ j() }}{{ w }}{% endfor %}",
            "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.reset() }}{{ c.current }}",
            "{% for x in xs %}{% for y in xs %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
        ])

    def template(self):
        self.names = ["n", "s", "xs", "a", "x"]
        return self.body(self.random.randrange(1, 5))


class TooLong(Exception):
    pass


def answer(env, source):
    def stop(*_):
        raise TooLong

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        text = env.from_string(source).render(**json.loads(json.dumps(VARIABLES)))
        return [source, text]
    except (TooLong, RecursionError, MemoryError):
        return None
    except Exception as error:
        return [source, None, type(error).__name__, str(error)]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def usable(case):
    """What is the same at every run, and can be written as UTF-8."""
    if case is None:
        return False
    text = case[1] or ""
    if len(text) > 20_000:
        return False
    # Addresses, however a filter has changed them; and bytes, of which little is there.
    plain = "".join(c for c in text.lower().replace("\\n", "") if c.isalnum())
    if "0x7f" in plain or "f7x0" in plain or re.search(r"encode\([^)]*\)\)*\.(?!decode|hex)", case[0]):
        return False
    try:
        text.encode()
        case[0].encode()
    except UnicodeEncodeError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--expressions", type=int, default=10_000)
    parser.add_argument("--statements", type=int, default=4_000)
    parser.add_argument("--messages", action="store_true", help="keep the messages of errors")
    parser.add_argument("file")
    args = parser.parse_args()
    env = make_environment()
    maker = Maker(args.seed)
    seen = set()
    lines = [json.dumps(VARIABLES, ensure_ascii=False)]
    for count, make in (
        (args.expressions, lambda: "{{ " + maker.expression(2) + " }}"),
        (args.statements, maker.template),
    ):
        wanted = len(lines) + count
        while len(lines) < wanted:
            source = make()
            if source in seen:
                continue
            seen.add(source)
            case = answer(env, source)
            if usable(case):
                kept = case if args.messages or len(case) == 2 else case[:3]
                lines.append(json.dumps(kept, ensure_ascii=False, separators=(",", ":")))
    with open(args.file, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
        out.write("\n".join(lines).encode())


main()
