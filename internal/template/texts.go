package template

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"causeway/internal/template/expr"
)

var textFunctions = map[string]function{
	"tolower":        {1, 1, true, textual(strings.ToLower)},
	"toupper":        {1, 1, true, textual(strings.ToUpper)},
	"trim":           {1, 1, true, textual(strings.TrimSpace)},
	"base64":         {1, 1, false, textual(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })},
	"base64tostring": {1, 1, false, base64ToString},
	"base64tojson":   {1, 1, false, base64ToJSON},
	"replace":        {3, 3, false, replace},
	"split":          {2, 2, false, split},
	"join":           {2, 2, false, joined},
	"substring":      {2, 3, false, substring},
	"indexof":        {2, 2, false, position(strings.Index, false)},
	"lastindexof":    {2, 2, false, position(strings.LastIndex, true)},
	"startswith":     {2, 2, false, affix(strings.HasPrefix)},
	"endswith":       {2, 2, false, affix(strings.HasSuffix)},
	"padleft":        {2, 3, false, padLeft},
}

// stringOf is string(): lists and objects become JSON.
func (e env) stringOf(v any) (string, error) {
	switch v.(type) {
	case []any, *expr.Object:
		data, err := expr.Render(v)
		if err != nil {
			return "", err
		}
		return string(data), e.spend(len(data) / 16)
	}
	return expr.TextOf(v), nil
}

// toText is string(). Of a value with unknown parts the text is unknown.
func toText(e env, args []any) (any, error) {
	s, err := e.stringOf(args[0])
	if err != nil {
		return nil, err
	}
	u, err := e.unknownIn(args[0])
	if u == nil || err != nil {
		return s, err
	}
	return &expr.Unknown{Placeholder: s, Failed: u.Failed}, nil
}

// made checks the size of a text before or after it is made.
func (e env) made(size int) error {
	if size > expr.MaxText || size < 0 {
		return expr.Limit("a text of more than %d bytes at %s", expr.MaxText, e.path)
	}
	return e.spend(size / 16)
}

func concat(e env, args []any) (any, error) {
	if _, ok := args[0].([]any); ok {
		return concatLists(e, args)
	}
	var b strings.Builder
	for _, a := range args {
		s, err := e.stringOf(a)
		if err != nil {
			return nil, err
		}
		if err := e.made(b.Len() + len(s)); err != nil {
			return nil, err
		}
		b.WriteString(s)
	}
	return expr.WithParts(b.String(), args), nil
}

func concatLists(e env, args []any) (any, error) {
	out := []any{}
	for _, a := range args {
		list, ok := a.([]any)
		switch {
		case expr.IsUnknown(a):
			return a, nil
		case !ok:
			return nil, expr.Wrong("give lists alone, or texts alone", "concat() of a list and %s", expr.KindOf(a))
		}
		if err := e.spend(len(list)); err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// format fills {0} and its like, with an alignment and the number formats D and X, as .NET does.
func format(e env, args []any) (any, error) {
	pattern, ok := args[0].(string)
	if !ok {
		return args[0], nil
	}
	var b strings.Builder
	for pattern != "" {
		if err := e.made(b.Len()); err != nil {
			return nil, err
		}
		switch c := pattern[0]; {
		case len(pattern) > 1 && (c == '{' || c == '}') && pattern[1] == c:
			b.WriteByte(c)
			pattern = pattern[2:]
		case c == '{':
			item, rest, closed := strings.Cut(pattern[1:], "}")
			s, err := e.formatItem(item, args[1:])
			if err != nil {
				return nil, err
			}
			if !closed {
				return nil, expr.Wrong("write braces of the text itself twice", "a brace is not closed")
			}
			b.WriteString(s)
			pattern = rest
		default:
			b.WriteByte(c)
			pattern = pattern[1:]
		}
	}
	return expr.WithParts(b.String(), args), e.made(b.Len())
}

func (e env) formatItem(item string, args []any) (string, error) {
	item, style, _ := strings.Cut(item, ":")
	position, alignment, _ := strings.Cut(item, ",")
	i, err := strconv.Atoi(strings.TrimSpace(position))
	if err != nil || i < 0 || i >= len(args) {
		return "", expr.Wrong("count from {0}; write braces of the text itself twice", "{%s} leads to no argument", position)
	}
	s, err := e.stringOf(args[i])
	if err != nil {
		return "", err
	}
	if n, ok := expr.AsInteger(args[i]); ok && style != "" {
		s = formatNumber(n, style)
	}
	width, _ := strconv.Atoi(strings.TrimSpace(alignment))
	return fmt.Sprintf("%*s", max(min(width, 1000), -1000), s), nil
}

// formatNumber knows the styles D4, X2 and 000; any other leaves the number unchanged.
func formatNumber(n int64, style string) string {
	width, err := strconv.Atoi(style[1:])
	if err != nil {
		width = 0
	}
	width = min(width, 100)
	switch style[0] {
	case 'D', 'd':
		return fmt.Sprintf("%0*d", width, n)
	case 'X':
		return fmt.Sprintf("%0*X", width, n)
	case 'x':
		return fmt.Sprintf("%0*x", width, n)
	case '0':
		return fmt.Sprintf("%0*d", min(len(style), 100), n)
	}
	return strconv.FormatInt(n, 10)
}

// textual is a function from a text to a text. Of an unknown it is the unknown itself.
func textual(f func(string) string) func(env, []any) (any, error) {
	return func(e env, args []any) (any, error) {
		if expr.IsUnknown(args[0]) {
			return args[0], nil
		}
		s, ok := args[0].(string)
		if !ok {
			if _, isNumber := args[0].(json.Number); !isNumber {
				return nil, expr.Wrong("convert it with string()", "a text belongs here, not %s", expr.KindOf(args[0]))
			}
			s = expr.TextOf(args[0])
		}
		return f(s), e.made(len(s))
	}
}

func base64ToString(e env, args []any) (any, error) {
	data, err := base64.StdEncoding.DecodeString(expr.TextOf(args[0]))
	if err != nil {
		return nil, expr.Wrong("give what base64() makes", "%s is not base64", expr.Quote(expr.TextOf(args[0])))
	}
	return string(data), e.made(len(data))
}

func base64ToJSON(e env, args []any) (any, error) {
	s, err := base64ToString(e, args)
	if err != nil {
		return nil, err
	}
	return fromJSON(e, []any{s})
}

func replace(e env, args []any) (any, error) {
	s, old, fresh := expr.TextOf(args[0]), expr.TextOf(args[1]), expr.TextOf(args[2])
	if old == "" {
		return nil, expr.Wrong("give the text to be replaced", "replace() of an empty text")
	}
	n := strings.Count(s, old)
	if len(fresh) > expr.MaxText {
		return nil, e.made(len(fresh))
	}
	if err := e.made(len(s) + n*len(fresh)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(s, old, fresh), nil
}

func split(e env, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, expr.Wrong("give a text", "split() takes a text, not %s", expr.KindOf(args[0]))
	}
	separators := []string{}
	switch by := args[1].(type) {
	case string:
		separators = append(separators, by)
	case []any:
		for _, item := range by {
			separators = append(separators, expr.TextOf(item))
		}
	}
	out := []any{}
	for s != "" {
		at, width := nearest(s, separators)
		if at < 0 {
			break
		}
		if err := e.spend(at/16 + len(separators)); err != nil {
			return nil, err
		}
		out = append(out, s[:at])
		if s = s[at+width:]; s == "" {
			return append(out, ""), nil
		}
	}
	return append(out, s), e.spend(len(s) / 16)
}

// nearest is where the first of the separators stands, -1 when none does.
func nearest(s string, separators []string) (at, width int) {
	at = -1
	for _, sep := range separators {
		if i := strings.Index(s, sep); sep != "" && i >= 0 && (at < 0 || i < at) {
			at, width = i, len(sep)
		}
	}
	return at, width
}

func joined(e env, args []any) (any, error) {
	list, ok := args[0].([]any)
	if !ok {
		return nil, expr.Wrong("write join(LIST, SEPARATOR)", "join() takes a list, not %s", expr.KindOf(args[0]))
	}
	var b strings.Builder
	for i, item := range list {
		if i > 0 {
			b.WriteString(expr.TextOf(args[1]))
		}
		s, err := e.stringOf(item)
		if err != nil {
			return nil, err
		}
		b.WriteString(s)
		if err := e.made(b.Len()); err != nil {
			return nil, err
		}
	}
	return expr.WithParts(b.String(), list), nil
}

func substring(e env, args []any) (any, error) {
	s, ok := args[0].(string)
	r := []rune(s)
	start, isInt := expr.AsInteger(args[1])
	length := int64(len(r)) - start
	if len(args) == 3 {
		var also bool
		length, also = expr.AsInteger(args[2])
		isInt = isInt && also
	}
	if !ok || !isInt || start < 0 || length < 0 || start > int64(len(r)) || length > int64(len(r))-start {
		return nil, expr.Wrong("write substring(TEXT, START, LENGTH), START from 0", "the text %s has no such part", expr.Quote(s))
	}
	return string(r[start : start+length]), e.made(len(s))
}

// position counts characters, of which upper and lower case are one, as in Azure, or the elements of a list.
func position(find func(s, part string) int, last bool) func(env, []any) (any, error) {
	return func(e env, args []any) (any, error) {
		if list, ok := args[0].([]any); ok {
			return e.positionIn(list, args[1], last)
		}
		s, part := strings.ToLower(expr.TextOf(args[0])), strings.ToLower(expr.TextOf(args[1]))
		at := find(s, part)
		if at >= 0 {
			at = len([]rune(s[:at]))
		}
		return expr.Number(int64(at)), e.made(len(s))
	}
}

// positionIn is where an element first or last stands in a list, -1 where it does not.
func (e env) positionIn(list []any, item any, last bool) (any, error) {
	at := -1
	for i, v := range list {
		same, err := e.equal(v, item)
		if err != nil {
			return nil, err
		}
		if same && (last || at < 0) {
			at = i
		}
	}
	return e.unless(expr.Number(int64(at)), list)
}

// affix compares without regard to case, as Azure does.
func affix(has func(s, part string) bool) func(env, []any) (any, error) {
	return func(e env, args []any) (any, error) {
		s, part := expr.TextOf(args[0]), expr.TextOf(args[1])
		return has(strings.ToLower(s), strings.ToLower(part)), e.made(len(s) + len(part))
	}
}

func padLeft(e env, args []any) (any, error) {
	s, with := expr.TextOf(args[0]), " "
	if len(args) == 3 {
		with = expr.TextOf(args[2])
	}
	width, ok := expr.AsInteger(args[1])
	if !ok || width < 0 || width > 16000 || len([]rune(with)) != 1 {
		return nil, expr.Wrong("write padLeft(TEXT, WIDTH, '0')", "padLeft() takes a width up to 16000 and one character")
	}
	if missing := int(width) - len([]rune(s)); missing > 0 {
		s = strings.Repeat(with, missing) + s
	}
	return s, e.made(len(s))
}
