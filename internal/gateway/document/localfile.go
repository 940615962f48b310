package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/gateway/validate"
)

// ParseLocal reads causeway.yaml over the defaults. The error says that it is no YAML mapping at all; anything else that is
// wrong is a Problem, and then the Local must not be used.
func (s Source) ParseLocal() (gateway.Local, []gateway.Problem, error) {
	local := gateway.DefaultLocal()
	asJSON, err := yamlToJSON(plainUTF8(s.Local))
	if err != nil {
		return local, nil, err
	}
	v, err := readJSON(asJSON)
	if err != nil {
		return local, nil, err
	}
	root, ok := v.(*schema.Object)
	switch {
	case v == nil: // nothing but comments
		return local, nil, nil
	case !ok:
		return local, nil, &FormatError{
			Message: "causeway.yaml must be a mapping of settings",
			Hint:    "write for example: connectTimeout: 5s",
		}
	}
	r := localReader{dir: s.Dir, local: &local}
	r.mapping(root, "", r.settings())
	return local, gateway.SortProblems(r.Problems), nil
}

// localReader fills a Local. Each setting has one reader; a key without one is an error.
type localReader struct {
	gateway.Report
	dir   string
	local *gateway.Local
}

type settings map[string]func(v any, path string)

// settings are all that the file may hold.
func (r *localReader) settings() settings {
	return settings{
		"certificates":       r.certificates,
		"members":            r.members,
		"connectTimeout":     r.duration(&r.local.ConnectTimeout),
		"backendIdleTimeout": r.duration(&r.local.BackendIdleTimeout),
		"keepAliveHint":      r.choice(&r.local.KeepAliveHint, "honour", "ignore"),
		"engine":             r.choice(&r.local.Engine, "epoll", "goroutines"),
		"passiveEjection":    r.toggle(&r.local.PassiveEjection),
		"limits":             r.choice(&r.local.Limits, "azure", "none"),
		"allowUnserved":      r.names(&r.local.AllowUnserved, gateway.Protections()),
		"store":              r.store,
		"sizes":              r.sizes,
		"autoscale":          r.autoscale,
		"logs":               r.logs,
	}
}

func (r *localReader) mapping(v any, path string, known settings) {
	o, ok := v.(*schema.Object)
	if !ok {
		r.wrong(path, v, "a mapping")
		return
	}
	for _, m := range o.Members {
		at := schema.JoinPath(path, m.Key)
		if read, ok := known[m.Key]; ok {
			read(m.Value, at)
			continue
		}
		names := slices.Sorted(maps.Keys(known))
		hint := "known are: " + strings.Join(names, ", ")
		if best := schema.Closest(m.Key, names); best != "" {
			hint = fmt.Sprintf("did you mean %s?", best)
		}
		r.Error(at, "UnknownSetting", hint, "unknown setting %s", schema.Quote(m.Key))
	}
}

func (r *localReader) certificates(v any, path string) {
	r.local.Certificates = map[string]gateway.KeyPair{}
	r.named(v, path, func(name string, v any, at string) {
		var pair gateway.KeyPair
		r.mapping(v, at, settings{
			"pfx": r.file(&pair.PFX), "password": r.text(&pair.Password), "cert": r.file(&pair.Cert), "key": r.file(&pair.Key),
		})
		const hint = "give either pfx (and its password), or cert and key"
		switch pem := pair.Cert != "" || pair.Key != ""; {
		case pair.PFX != "" && pem:
			r.Error(at, "CertificateFilesConflict", hint, "pfx and PEM files are both given")
		case pair.PFX == "" && (pair.Cert == "" || pair.Key == ""):
			r.Error(at, "CertificateFilesMissing", hint, "the certificate has no complete set of files")
		case pair.PFX == "" && pair.Password != "":
			r.Error(schema.JoinPath(at, "password"), "CertificateFilesConflict", "remove it; PEM keys are read unencrypted",
				"a password goes with pfx only")
		}
		r.local.Certificates[name] = pair
	})
}

func (r *localReader) members(v any, path string) {
	r.local.Members = map[string]string{}
	r.named(v, path, func(name string, v any, at string) {
		var dial string
		r.text(&dial)(v, at)
		if err := validate.Dial(dial); err != nil {
			r.Error(at, "InvalidAddress", "write host or host:port, IPv6 with a port as [::1]:8080", "%v", err)
		}
		r.local.Members[name] = dial
	})
}

func (r *localReader) logs(v any, path string) {
	queries := "keep"
	r.mapping(v, path, settings{
		"days": r.days, "bytes": r.size(&r.local.Logs.Bytes), "queries": r.choice(&queries, "keep", "drop"),
	})
	r.local.Logs.Queries = queries == "keep"
}

// named reads a mapping whose keys are names of the user's.
func (r *localReader) named(v any, path string, read func(name string, v any, at string)) {
	o, ok := v.(*schema.Object)
	if !ok {
		r.wrong(path, v, "a mapping from names")
		return
	}
	seen := map[string]bool{}
	for _, m := range o.Members {
		at := path + "[" + strconv.Quote(m.Key) + "]"
		if folded := strings.ToLower(m.Key); seen[folded] {
			r.Error(at, "DuplicateName", "keep one; case does not tell names apart", "the name %s is given twice", schema.Quote(m.Key))
		} else {
			seen[folded] = true
		}
		read(m.Key, m.Value, at)
	}
}

func (r *localReader) text(into *string) func(any, string) {
	return func(v any, path string) {
		s, ok := toText(v)
		if !ok {
			r.wrong(path, v, "a string")
			return
		}
		*into = s
	}
}

func (r *localReader) file(into *string) func(any, string) {
	return func(v any, path string) {
		r.text(into)(v, path)
		if *into != "" && !filepath.IsAbs(*into) {
			*into = filepath.Join(r.dir, *into)
		}
	}
}

func (r *localReader) choice(into *string, values ...string) func(any, string) {
	return func(v any, path string) {
		s, _ := v.(string)
		for _, allowed := range values {
			if s == allowed {
				*into = s
				return
			}
		}
		r.wrong(path, v, "one of "+strings.Join(values, ", "))
	}
}

// toggle reads on or off, which YAML 1.1 takes for booleans.
func (r *localReader) toggle(into *bool) func(any, string) {
	return func(v any, path string) {
		switch v {
		case true, "on":
			*into = true
		case false, "off":
			*into = false
		default:
			r.wrong(path, v, "on or off")
		}
	}
}

// names reads a list of names out of those that are known.
func (r *localReader) names(into *[]string, known []string) func(any, string) {
	return func(v any, path string) {
		list, ok := v.([]any)
		if !ok {
			r.wrong(path, v, "a list of "+strings.Join(known, ", "))
			return
		}
		for i, item := range list {
			name, _ := item.(string)
			if !slices.Contains(known, name) {
				r.Error(fmt.Sprintf("%s[%d]", path, i), gateway.UnknownProtection, "the protections are "+strings.Join(known, ", "),
					"there is no protection %s", schema.Quote(fmt.Sprint(item)))
				continue
			}
			*into = append(*into, name)
		}
	}
}

// duration reads 5s or 1m30s, from a millisecond to a day.
func (r *localReader) duration(into *time.Duration) func(any, string) {
	return func(v any, path string) {
		s, _ := v.(string)
		d, err := time.ParseDuration(s)
		if err != nil {
			r.wrong(path, v, "a duration such as 5s, 500ms or 1m30s")
			return
		}
		if d < time.Millisecond || d > 24*time.Hour {
			r.Error(path, "OutOfRange", "choose a duration from 1ms to 24h", "%s is out of range", s)
			return
		}
		*into = d
	}
}

func (r *localReader) days(v any, path string) {
	n, ok := toInteger(v)
	digits, _ := n.(json.Number)
	days, err := strconv.Atoi(digits.String())
	if !ok || err != nil || days < 1 || days > 3650 {
		r.wrong(path, v, "a number of days from 1 to 3650")
		return
	}
	r.local.Logs.Days = days
}

// size reads a number of bytes, plain or with a unit: 10GiB, 500MB.
func (r *localReader) size(into *int64) func(any, string) {
	return func(v any, path string) {
		s, _ := toText(v)
		n, err := parseSize(s)
		if err != nil {
			r.wrong(path, v, "a size such as 10GiB or 500MB, at least 1MiB")
			return
		}
		*into = n
	}
}

func (r *localReader) wrong(path string, v any, want string) {
	r.Error(path, "InvalidSetting", "write "+want, "%s where %s belongs", jsonType(v), want)
}

func parseSize(s string) (int64, error) {
	end := strings.LastIndexAny(s, "0123456789") + 1
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the size %s: %w", schema.Quote(s), err)
	}
	units := map[string]int64{
		"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
	unit, ok := units[strings.TrimSpace(s[end:])]
	if !ok {
		return 0, fmt.Errorf("read the size %s: unknown unit", schema.Quote(s))
	}
	if n > (1<<62)/unit || n*unit < 1<<20 {
		return 0, fmt.Errorf("the size %s is not from 1MiB to 4EiB", schema.Quote(s))
	}
	return n * unit, nil
}
