package document

import (
	"fmt"
	"net"
	"net/url"

	"causeway/internal/gateway/schema"
)

// store reads how to reach an etcd that somebody else runs.
func (r *localReader) store(v any, path string) {
	s, before := &r.local.Store, len(r.Problems)
	r.mapping(v, path, settings{
		"endpoints": r.endpoints, "ca": r.file(&s.CA), "cert": r.file(&s.Cert), "key": r.file(&s.Key),
		"prefix": r.text(&s.Prefix), "node": r.text(&s.Node),
	})
	switch {
	case len(r.Problems) > before: // which says it already
	case len(s.Endpoints) == 0:
		r.Error(schema.JoinPath(path, "endpoints"), "EndpointsMissing", "write for example: endpoints: [https://10.0.0.5:2379]",
			"an etcd is reached at endpoints, and none is given")
	case (s.Cert == "") != (s.Key == ""):
		r.Error(path, "CertificateFilesMissing", "give cert and key, or neither", "a client certificate has two files")
	}
}

func (r *localReader) endpoints(v any, path string) {
	list, ok := v.([]any)
	if !ok {
		r.wrong(path, v, "a list such as [https://10.0.0.5:2379]")
		return
	}
	for i, item := range list {
		text, _ := item.(string)
		u, err := url.Parse(text)
		if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Path == "" {
			_, _, err = net.SplitHostPort(u.Host)
		} else if err == nil {
			err = fmt.Errorf("it is not https://HOST:PORT")
		}
		if err != nil {
			r.Error(fmt.Sprintf("%s[%d]", path, i), "InvalidAddress", "write https://HOST:PORT",
				"no endpoint: %s", schema.Quote(fmt.Sprint(item)))
			continue
		}
		r.local.Store.Endpoints = append(r.local.Store.Endpoints, text)
	}
}
