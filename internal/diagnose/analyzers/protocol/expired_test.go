package protocol_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// A report of health alone says what is wrong with members now; the catalogue says what to do. A reason that it does not give is
// not made up, and one member that is out is not all of them.
func TestHealthAloneNamesWhatIsWrongNow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ detail, want string }{
		{expiredText, "f-expired high 0"},
		{
			"Status code of the backend's HTTP response did not match the probe setting. Expected:200-399, Received:503.",
			"a-probe-status-mismatch high 0",
		},
		{"Time taken by the backend to respond to application gateway's health probe is more than the timeout threshold in the probe setting.", "a-probe-timeout-short medium 0"},
		{"Cannot connect to backend. Check whether any NSG/UDR/Firewall is blocking access to the server.", ""},
		{"Something new.", ""},
	} {
		t.Run(c.detail, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Files = map[string]string{"health.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"servers":[` +
				`{"address":"10.0.0.4","health":"Healthy"},{"address":"10.0.0.5","health":"Unhealthy","healthProbeLog":"` + c.detail +
				`"}]}]}]}`}
			r := s.Diagnose()
			got := ""
			for _, f := range r.Findings {
				got += fmt.Sprintf("%s %s %d", f.Cause, f.Confidence, f.Failures)
			}
			if got != c.want || r.Verdict != nil {
				t.Errorf("%s: found %q, want %q", c.detail, got, c.want)
			}
			if c.want != "" && (story.Found(t, r, 0).Scope.Member != "10.0.0.5" || len(story.Found(t, r, 0).Fixes) == 0) {
				t.Errorf("%+v", *story.Found(t, r, 0))
			}
		})
	}
}

// Two members hold expired certificates: the advice names both, and neither the first alone nor a placeholder.
func TestAdviceForSeveralMembers(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 6 {
		s.After(time.Second).Request(4+i%2, story.Fails(fault.Fault{
			Side:   fault.Backend,
			Phase:  fault.TLS,
			Kind:   fault.Certificate,
			Detail: "cert_expired",
		}, time.Millisecond))
	}
	r := s.Diagnose()
	story.Expect(t, r, "f-expired high 6")
	if change := story.Found(t, r, 0).Fixes[0].Change; !strings.Contains(change, "the certificate of each of the members") {
		t.Error(change)
	}
}

// secureMember is member 6 of an HTTPS pool on Azure: its new connections end from some time on, until the gateway tries it no more.
// What health says of it is for the story to say.
func secureMember(t *testing.T, detail string, failing story.Change) *story.Story {
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"protocol":"Http","requestTimeout":2`, `"protocol":"Https","requestTimeout":2`, 1)
	for i := range 90 {
		s.After(time.Second).Request(4)
		s.Request(5)
		switch {
		case i < 30:
			s.Request(6)
		case i < 60:
			s.Request(6, failing)
		}
	}
	s.Files = map[string]string{"backendhealth.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"servers":[` +
		`{"address":"10.0.0.4","health":"Healthy"},{"address":"10.0.0.5","health":"Healthy"},{"address":"10.0.0.6","health":"Unhealthy","healthProbeLog":"` + detail + `"}]}]}]}`}
	return s
}

const expiredText = "Backend certificate is invalid. Current date is not within the Valid from and Valid to date range on the certificate."

// Azure's log says only that connections to one member ended. That its certificate has run out says health; the others answer
// with theirs. Connections that ended while others worked, and a reason of another kind, prove nothing of a certificate.
func TestCertificateOfOneMemberOnAzure(t *testing.T) {
	t.Parallel()
	found := func(s *story.Story) string {
		out := ""
		for _, f := range s.Diagnose().Findings {
			out += f.Cause + " " + f.Confidence + "; "
		}
		return out
	}
	closed := story.Fails(story.RaceFault, 2*time.Millisecond)
	if got := found(secureMember(t, expiredText, closed)); got != "f-expired medium; f-partial-rotation medium; " {
		t.Errorf("found %s", got)
	}
	if got := found(secureMember(t, "Received invalid status code: 500 in the backend server's HTTP response.",
		closed)); strings.Contains(got, "f-") {
		t.Errorf("another reason: found %s", got)
	}
	s := secureMember(t, expiredText, closed)
	for range 30 {
		s.After(time.Second).Request(6)
		s.Request(4)
	}
	if got := found(s); strings.Contains(got, "f-") {
		t.Errorf("it works again: found %s", got)
	}
}

// The certificate is not valid any more; another one is not valid yet.
func TestExpired(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-expired",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_expired"},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_not_yet_valid"})
}
