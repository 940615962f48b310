package template

import (
	"encoding/base64"
	"net/url"
	"strings"

	"causeway/internal/template/expr"
)

// uriFunctions make and read addresses of the web:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string.
var uriFunctions = map[string]function{
	"uri":                  {2, 2, false, uri},
	"uricomponent":         {1, 1, false, textual(func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") })},
	"uricomponenttostring": {1, 1, false, textual(unescaped)},
	"datauri": {1, 1, false, textual(func(s string) string {
		return "data:text/plain;charset=utf8;base64," + base64.StdEncoding.EncodeToString([]byte(s))
	})},
	"datauritostring": {1, 1, false, dataURIToString},
	"datauritojson":   {1, 1, false, dataURIToJSON},
}

func unescaped(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

// uri puts a relative address behind the last slash of the path of another.
func uri(e env, args []any) (any, error) {
	base, rel := expr.TextOf(args[0]), expr.TextOf(args[1])
	host := 0
	if i := strings.Index(base, "://"); i >= 0 {
		host = i + 3
	}
	if i := strings.LastIndexByte(base[host:], '/'); i >= 0 {
		base = base[:host+i]
	}
	out := base + "/" + strings.TrimPrefix(rel, "/")
	return out, e.made(len(out))
}

// dataURIToString is the text of a data URI, RFC 2397, in base64 or escaped.
func dataURIToString(e env, args []any) (any, error) {
	kind, data, ok := strings.Cut(expr.TextOf(args[0]), ",")
	if !ok || len(kind) < 5 || !strings.EqualFold(kind[:5], "data:") {
		return nil, expr.Wrong("give what dataUri() makes", "%s is not a data URI", expr.Quote(expr.TextOf(args[0])))
	}
	if strings.HasSuffix(strings.ToLower(kind), ";base64") {
		return base64ToString(e, []any{data})
	}
	return unescaped(data), e.made(len(data))
}

func dataURIToJSON(e env, args []any) (any, error) {
	s, err := dataURIToString(e, args)
	if err != nil {
		return nil, err
	}
	return fromJSON(e, []any{s})
}
