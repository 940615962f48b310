package redact

import (
	"bytes"
	"encoding/json"
	"strings"
)

// json redacts a JSON value by what its keys say.
func (r *Redactor) json(data []byte) ([]byte, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, false
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(r.any("", v)); err != nil {
		return nil, false
	}
	return bytes.TrimRight(out.Bytes(), "\n"), true
}

func (r *Redactor) any(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if _, text := x.(string); secretKeys[plainKey(k)] && text { // metrics have their numbers in an array "data"
				continue
			}
			out[k] = r.any(plainKey(k), x)
		}
		return out
	case []any:
		for i := range v {
			v[i] = r.any(key, v[i])
		}
		return v
	case string:
		if key == "document" || key == "local" || key == "parameters" { // of a data directory: base64, made readable by its own kind
			return r.inner(key, v)
		}
		return r.cell(key, v)
	}
	return v
}

// inner redacts a document that stands inside another, as base64.
func (r *Redactor) inner(key, text string) string {
	var raw []byte
	if err := json.Unmarshal([]byte(`"`+text+`"`), &raw); err != nil {
		return r.text(text)
	}
	out, ok := r.json(raw)
	switch {
	case key == "local":
		out = r.local(raw)
	case !ok:
		out = []byte(r.plain(string(raw)))
	}
	again, err := json.Marshal(out)
	if err != nil {
		return ""
	}
	return strings.Trim(string(again), `"`)
}

// plainKey is a key or heading without case, type and prefix.
func plainKey(k string) string {
	k = strings.ToLower(k)
	if i := strings.IndexByte(k, '['); i > 0 {
		k = strings.TrimSpace(k[:i])
	}
	if n := len(k); n > 2 && k[n-2] == '_' && strings.IndexByte("sdgtb", k[n-1]) >= 0 {
		k = k[:n-2]
	}
	return k
}

// secretKeys are left out altogether.
var secretKeys = map[string]bool{
	"data": true, "password": true, "publiccertdata": true, "cookie": true,
	"caller": true, "claims": true, "authorization": true, "sslclientcertificateissuername": true, "sslclientcertificatefingerprint": true,
}

// value redacts one text by what its key says that it is.
func (r *Redactor) value(key, s string) string {
	switch key {
	case "requesturi", "originalrequesturiwithargs", "path", "paths":
		return r.path(s)
	case "requestquery":
		if strings.Contains(s, "SERVER-ROUTED") {
			return r.text(s)
		}
		return r.query(s)
	case "host", "member", "heldback", "originalhost", "hostname", "hostnames", "node", "fqdn", "sniname", "address":
		return r.host(s)
	case "presented":
		return r.names(s)
	case "useragent", "agent":
		return r.agent(s)
	case "transactionid":
		return s // it is drawn by the gateway, and joins the logs
	}
	return r.text(s)
}
