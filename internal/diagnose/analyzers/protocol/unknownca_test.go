package protocol_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// The site's own certificate comes from another authority since it was renewed: the names in it say whose it is.
func TestRenewedCertificateIsNoStranger(t *testing.T) {
	t.Parallel()
	untrusted := fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_unknown_ca"}
	for _, names := range []string{"shop.example, www.shop.example", "*.shop.example"} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			asked := func(r *accesslog.Record, a *accesslog.Attempt) {
				r.Host, r.OriginalHost = []byte("www.shop.example"), []byte("www.shop.example")
			}
			for i := range 40 {
				s.After(time.Second).Request(4, asked)
				if i < 20 {
					s.Request(5, asked)
				} else {
					s.Request(5, asked, story.Fails(untrusted, time.Millisecond),
						func(_ *accesslog.Record, a *accesslog.Attempt) { a.Presented = names })
				}
			}
			r := s.Diagnose()
			story.Expect(t, r, "f-unknown-ca high 20")
			if strings.Contains(story.RivalsOf(story.Found(t, r, 0)), "b-ip-reused") {
				t.Errorf("a certificate for %s is called a stranger's", names)
			}
		})
	}
}

// An address whose certificate was accepted shows another one, for other names. That is no trusted certificate, and it may
// be no longer the same server; which of the two it is, the report leaves open. A member that never did better has no past.
func TestStrangeCertificateMayBeAStranger(t *testing.T) {
	t.Parallel()
	strange := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Presented = "billing.example" }
	untrusted := fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_unknown_ca"}
	for _, before := range []bool{true, false} {
		t.Run(fmt.Sprintf("before %t", before), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 40 {
				s.After(time.Second).Request(4)
				if i >= 20 {
					s.Request(5, story.Fails(untrusted, time.Millisecond), strange)
				} else if before {
					s.Request(5)
				}
			}
			r := s.Diagnose()
			story.Expect(t, r, "f-unknown-ca high 20")
			if may := slices.ContainsFunc(story.Found(t, r, 0).Rivals,
				func(x report.Rival) bool { return x.Cause == "b-ip-reused" }); may != before {
				t.Errorf("it answered before: %v, it may be a stranger: %v", before, may)
			}
			if text := story.Found(t, r, 0).Evidence[0].Fact; !strings.Contains(text, "billing.example") {
				t.Errorf("the names are not in %q", text)
			}
		})
	}
}

// The chain leads to no trusted root; one that is incomplete may lead to one.
func TestUnknownCA(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-unknown-ca",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_unknown_ca"},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_missing_intermediate"})
}
