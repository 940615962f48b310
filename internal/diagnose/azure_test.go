package diagnose

import (
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// Stories of a gateway in Azure: the log has whole seconds and no word of phases, reuse or idle ages.

func newAzureStory(t *testing.T) *story {
	s := newStory(t)
	s.azure = true
	return s
}

func onInstance(n int) change2 {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Instance = fmt.Sprintf("appgw_%d", n) }
}

func port(p int) change2 {
	return func(_ *accesslog.Record, a *accesslog.Attempt) { a.LocalPort = uint16(p) }
}

func status(n int) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Status, a.Status = n, n
		a.Fault = fault.Fault{}
	}
}

var closedFault = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed}

// The member closes connections after 20 s. Requests on connections idle for less are answered, those at 20 s are lost.
func TestIdleRaceByPorts(t *testing.T) {
	s := newAzureStory(t)
	for i := range 120 {
		p := 20000 + i
		gap := time.Duration(3+i*7%13) * time.Second
		lost := i%10 == 9
		if lost {
			gap = 20 * time.Second
		}
		s.after(gap).request(4, port(p))
		if lost {
			s.after(20*time.Second).request(4, port(p), fails(closedFault, 2*time.Millisecond))
		} else {
			s.after(gap).request(4, port(p))
		}
	}
	expect(t, s.diagnose(), "c-idle-race medium 12")
}

// One path needs longer than the timeout allows; all others are quick.
func TestSlowRoute(t *testing.T) {
	s, rnd := newAzureStory(t), rand.New(rand.NewSource(1))
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 400 {
		s.after(time.Second).request(4+i%3, path("/quick"))
		if i%4 != 0 {
			continue
		}
		d := time.Duration(9000+rnd.Intn(15000)) * time.Millisecond
		if d < 20*time.Second {
			s.request(4+i%3, path("/report"), took(d))
		} else {
			s.request(4+i%3, path("/report"), fails(timeoutFault, 20*time.Second))
		}
	}
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Cause != "d-slow-route" || r.Findings[0].Scope.Path != "/report" || r.Findings[0].Confidence != High {
		t.Errorf("%+v", r.Findings)
	}
}

// One of three members is five times as slow as the others.
func TestNoisyMember(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 600 {
		m := 4 + i%3
		s.after(500 * time.Millisecond)
		switch {
		case m == 6 && i%10 == 2:
			s.request(m, fails(timeoutFault, 20*time.Second))
		case m == 6:
			s.request(m, took(250*time.Millisecond))
		default:
			s.request(m, took(50*time.Millisecond))
		}
	}
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Cause != "g-noisy-member" || r.Findings[0].Scope.Member != "10.0.0.6" {
		t.Errorf("%+v", r.Findings)
	}
}

// Instance 1 fails at every member; instances 0 and 2 never do.
func TestInstanceFault(t *testing.T) {
	s := newAzureStory(t)
	for i := range 900 {
		s.after(2 * time.Second)
		if i%3 == 1 && i%8 == 1 {
			s.request(4+i/3%3, onInstance(1), fails(closedFault, 300*time.Millisecond))
			continue
		}
		s.request(4+i/3%3, onInstance(i%3))
	}
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Cause != "h-instance-fault" || r.Findings[0].Scope.Instance != "appgw_1" {
		t.Errorf("%+v", r.Findings)
	}
}

// A timer of the application ends some requests on all instances alike. That takes nothing from what instance 1 does.
func TestInstanceFaultBesideAnother(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":60`, 1)
	for i := range 900 {
		s.after(2 * time.Second)
		switch {
		case i%3 == 1 && i%8 == 1:
			s.request(4+i/3%3, onInstance(1), fails(closedFault, 300*time.Millisecond))
		case i%20 == 3:
			s.request(4+i/3%3, onInstance(i%3), path("/search"), took(30*time.Second+time.Duration(i)*50*time.Microsecond), status(504))
		default:
			s.request(4+i/3%3, onInstance(i%3))
		}
	}
	expect(t, s.diagnose(), "d-inner-timeout high 45", "h-instance-fault high 38")
}

// Only instance 1 fails, and only at one member.
func TestNodeLocal(t *testing.T) {
	s := newAzureStory(t)
	for i := range 900 {
		s.after(2 * time.Second)
		m := 4 + i/3%3
		if i%3 == 1 && m == 5 && i%2 == 1 {
			s.request(m, onInstance(1), fails(closedFault, 300*time.Millisecond))
			continue
		}
		s.request(m, onInstance(i%3))
	}
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Cause != "b-node-local" || r.Findings[0].Scope.Instance != "appgw_1" || r.Findings[0].Scope.Member != "10.0.0.5" {
		t.Errorf("%+v", r.Findings)
	}
}

// What is behind the member gives up after a second; the request timeout is two.
func TestInnerTimeout(t *testing.T) {
	s := newAzureStory(t)
	for i := range 200 {
		s.after(time.Second).request(4)
		if i%10 == 0 {
			s.request(4, path("/search"), took(time.Second+time.Duration(i)*50*time.Microsecond), status(504))
		}
	}
	expect(t, s.diagnose(), "d-inner-timeout high 20")
}

// The backend holds a poll for as long as the gateway waits.
func TestHoldAsLongAsTheTimeout(t *testing.T) {
	s := newAzureStory(t)
	for i := range 60 {
		s.after(3 * time.Second).request(4)
		if i%2 == 0 {
			s.request(4, path("/poll"), took(1990*time.Millisecond))
		} else {
			s.request(4, path("/poll"), fails(timeoutFault, 2*time.Second))
		}
	}
	expect(t, s.diagnose(), "d-longpoll-equals-timer high 30")
}

// The backend refuses quickly whenever much comes.
func TestShedding(t *testing.T) {
	s := newAzureStory(t)
	for i := range 200 {
		s.after(time.Second)
		n := 1
		if i%10 == 0 {
			n = 9
		}
		for j := range n {
			s.request(4, took(100*time.Millisecond))
			if j > 5 {
				s.request(4, took(time.Millisecond), status(503))
			}
		}
	}
	expect(t, s.diagnose(), "g-shed-503 high 60")
}

// A first-generation gateway gives no word for a failure, and no server. That no member was healthy it would have said at
// once: what took most of a second had another reason.
func TestNoServerIsNotNoHealthyMember(t *testing.T) {
	s := newAzureStory(t)
	for i := range 100 {
		s.after(time.Second).request(4)
		if i%10 == 0 {
			s.request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Status, r.ErrorInfo, r.Taken = 502, "", 600*time.Millisecond
			})
		}
	}
	for _, f := range s.diagnose().Findings {
		if f.Cause == "a-all-unhealthy-fail-closed" {
			t.Errorf("claimed with confidence %s: %v", f.Confidence, f.Evidence)
		}
	}
}

// Backups start at three minutes past the hour.
func TestClockwork(t *testing.T) {
	s := newAzureStory(t)
	begin := s.at
	for i := range 60 * 10 {
		s.at = begin.Add(time.Duration(i) * time.Minute)
		for j := range 3 {
			s.after(time.Second)
			if i%60 == 3 && j > 0 {
				s.request(4, fails(closedFault, 900*time.Millisecond))
			} else {
				s.request(4)
			}
		}
	}
	expect(t, s.diagnose(), "d-cron-contention high 20")
}

// One address asks for whatever might be open.
func TestScanner(t *testing.T) {
	s := newAzureStory(t)
	for i := range 30 {
		s.after(time.Second).request(4)
		s.request(0, path(fmt.Sprintf("/%c/admin.php", 'a'+i%26)), func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Status, r.ErrorInfo, r.OriginalHost = 404, fault.InvalidHost, []byte(fmt.Sprintf("h%d.example", i))
		})
	}
	expect(t, s.diagnose(), "j-scanner high 30")
}

// The backend said 500, the client got 502.
func TestMasked(t *testing.T) {
	s := newAzureStory(t)
	for range 6 {
		s.after(time.Second).request(4, func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = 502, 500 })
	}
	expect(t, s.diagnose(), "k-masked high 6")
}

// doubledWaitsStory has requests for which both members were waited for, one after the other.
func doubledWaitsStory(t *testing.T, failures int) *story {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for range failures {
		s.after(time.Minute)
		for range 20 {
			s.after(time.Second).request(4, took(17*time.Second))
		}
		s.request(4, fails(timeoutFault, 40*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			a.Total = 20 * time.Second
			r.Attempts = append(r.Attempts, *a)
		})
	}
	return s
}

// Both members were waited for, one after the other.
func TestRetryDoubling(t *testing.T) {
	r := doubledWaitsStory(t, 8).diagnose()
	found := false
	for _, f := range r.Findings {
		found = found || f.Cause == "d-retry-doubling" && f.Also == 8 && f.Failures == 0
	}
	if !found || r.Failures != 8 {
		t.Errorf("%d failures, %+v", r.Failures, r.Findings)
	}
}

// The gateway may have two instances and needs them wholly; then requests fail. With one pool it may be that as well.
func TestCapacityAtMaximum(t *testing.T) {
	s := fullGateway(t, 10*time.Millisecond)
	expect(t, s.diagnose(), "h-capacity-max medium 40")
}

// If the members are slower in the same minutes, the gateway may be full because of them.
func TestFullGatewayBeforeSlowMembers(t *testing.T) {
	r := fullGateway(t, 500*time.Millisecond).diagnose()
	expect(t, r, "h-capacity-max low 0")
	if u := r.Undetermined; u.Failures != 40 || !slices.Contains(u.Rivals, "g-cpu-queueing") {
		t.Errorf("%+v", u)
	}
}

// fullGateway needs both its instances wholly for ten minutes of an hour, in which members take some time for an answer.
func fullGateway(t *testing.T, answer time.Duration) *story {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"capacity":1`, `"capacity":2`, 1)
	begin := s.at
	var points []string
	for i := range 60 {
		units := 8
		for j := range 20 {
			s.at = begin.Add(time.Duration(i)*time.Minute + time.Duration(j)*3*time.Second)
			if i >= 30 && i < 40 && j%5 == 0 {
				s.request(4+j/5%2, fails(closedFault, 700*time.Millisecond))
			} else if i >= 30 && i < 40 {
				s.request(4+j%2, took(answer))
			} else {
				s.request(4 + j%2)
			}
		}
		if i >= 30 && i < 40 {
			units = 20
		}
		points = append(points, fmt.Sprintf(`{"timeStamp":%q,"average":%d}`, begin.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), units))
	}
	s.files = map[string]string{"metrics.json": `{"value":[{"name":{"value":"CapacityUnits"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[` + strings.Join(points, ",") + `]}]}]}`}
	return s
}

// /api is led to its pool and /api/orders is not: the pattern has no wildcard.
func TestWrongPool(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestRoutingRules":[{"name":"r1","properties":{"ruleType":"Basic","priority":100,"httpListener":{"id":"/x/httpListeners/l80"},"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]`,
		`"urlPathMaps":[{"name":"m","properties":{"defaultBackendAddressPool":{"id":"/x/backendAddressPools/none"},"defaultBackendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"pathRules":[{"name":"api","properties":{"paths":["/api"],"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}}]}}],
		 "requestRoutingRules":[{"name":"r1","properties":{"ruleType":"PathBasedRouting","priority":100,"httpListener":{"id":"/x/httpListeners/l80"},"urlPathMap":{"id":"/x/urlPathMaps/m"}}}]`, 1)
	for range 8 {
		s.after(time.Second).request(4, path("/api"))
		s.request(0, path("/api/orders"), func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Status, r.ErrorInfo, r.Pool = 502, fault.UpstreamNoLive, "none"
		})
	}
	r := s.diagnose()
	expect(t, r, "i-wrong-pool high 8")
	if az := r.Findings[0].Fixes[0].Commands.AzCLI; !strings.Contains(az, "--path-map-name m -n api --paths '/api' '/api/*' --address-pool web --http-settings http") {
		t.Errorf("%s", az)
	}
}

// Somebody changed the gateway eight minutes before the first failure; it is said, and not called the cause.
func TestRecentChange(t *testing.T) {
	s := newAzureStory(t)
	for range 60 {
		s.after(time.Minute).request(4)
	}
	change := s.at.Add(time.Minute)
	s.after(9 * time.Minute)
	for i := range 30 {
		s.after(10*time.Second).request(4, path("/x"), status(500))
		if i%2 == 0 {
			s.request(5)
		}
	}
	s.files = map[string]string{"activity.json": fmt.Sprintf(`[{"eventTimestamp":%q,"operationName":{"value":"Microsoft.Network/applicationGateways/write"},"status":{"value":"Succeeded"},"caller":"ann","resourceId":"/x"}]`, change.Format(time.RFC3339))}
	expect(t, s.diagnose(), "k-backend-5xx high 30", "i-recent-change medium 0")
}

// The members are healthy now and were not then: whatever the reason was, this report does not have it.
func TestHealthyNowIsNotHealthyThen(t *testing.T) {
	s := newAzureStory(t)
	for range 20 {
		s.after(time.Second).request(4)
	}
	for range 10 {
		s.after(time.Second).request(0, func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status, r.ErrorInfo = 502, fault.UpstreamNoLive })
	}
	for range 20 {
		s.after(10 * time.Second).request(4)
	}
	s.files = map[string]string{"health.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"servers":[
	 {"address":"10.0.0.4","health":"Healthy","healthProbeLog":"Success. Received 200 status code"},{"address":"10.0.0.5","health":"Unhealthy","healthProbeLog":"Received invalid status code: 503 in the backend server's HTTP response. As per the health probe configuration, 200-399 is the acceptable status code. Status code of the backend's HTTP response did not match the probe setting. Expected:200-399, Received:503."}]}]}]}`}
	r := s.diagnose()
	for _, f := range r.Findings {
		if f.Confidence == High {
			t.Errorf("%s is named with high confidence", f.Cause)
		}
	}
}

// Two members hold expired certificates: what to do is said of both, and not of the first, nor of a word to fill in.
func TestAdviceForSeveralMembers(t *testing.T) {
	s := newStory(t)
	for i := range 6 {
		s.after(time.Second).request(4+i%2, fails(fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_expired"}, time.Millisecond))
	}
	r := s.diagnose()
	expect(t, r, "f-expired high 6")
	if change := r.Findings[0].Fixes[0].Change; !strings.Contains(change, "the certificate of each of the members") {
		t.Error(change)
	}
}

// Both members were waited for in vain, one after the other: none of them alone is it.
func TestHungAtTwoMembers(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for range 10 {
		s.request(4, fails(timeoutFault, 40*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			a.Total = 20 * time.Second
			first := *a
			first.Server = netip.MustParseAddrPort("10.0.0.5:80")
			first.Member = "10.0.0.5"
			r.Attempts = append(r.Attempts, first)
		})
		for i := range 60 {
			s.after(time.Second).request(4 + i%2)
		}
	}
	for _, f := range s.diagnose().Findings {
		if f.Cause != "d-retry-doubling" && (f.Cause != "d-hung" || f.Scope.Member != "") {
			t.Errorf("%s, scope %+v", f.Cause, f.Scope)
		}
	}
}

// growing is an autoscaling gateway whose traffic grows eightfold at minute 30; until minute 36 some of it fails.
func growing(t *testing.T, units func(minute int) int, load, fail func(minute int) bool) *story {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`,
		`"sku":{"name":"Standard_v2","tier":"Standard_v2"},"autoscaleConfiguration":{"minCapacity":1,"maxCapacity":10}`, 1)
	begin := s.at
	var points []string
	for i := range 60 {
		requests := 3
		if load(i) {
			requests = 24
		}
		for j := range requests {
			s.at = begin.Add(time.Duration(i)*time.Minute + time.Duration(j)*2*time.Second)
			if fail(i) && j%5 == 0 {
				s.request(4+j/5%2, fails(closedFault, 700*time.Millisecond))
			} else {
				s.request(4 + j%2)
			}
		}
		points = append(points, fmt.Sprintf(`{"timeStamp":%q,"average":%d}`, begin.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), units(i)))
	}
	s.files = map[string]string{"metrics.json": `{"value":[{"name":{"value":"CapacityUnits"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[` + strings.Join(points, ",") + `]}]}]}`}
	return s
}

// A step in traffic meets one instance, which is all there is until others have come. Where units rise at once nothing was
// waited for; where traffic falls as the failures end, or they go on as units rise, it was not for the lack of instances.
func TestAutoscaleLag(t *testing.T) {
	since := func(from, to int) func(int) bool { return func(i int) bool { return i >= from && i < to } }
	lagging := func(i int) int {
		switch {
		case i < 30:
			return 3
		case i < 36:
			return 10
		}
		return 24
	}
	expect(t, growing(t, lagging, since(30, 60), since(30, 36)).diagnose(), "h-autoscale-lag medium 30")
	for name, s := range map[string]*story{
		"no waiting":    growing(t, func(i int) int { return lagging(i + 6) }, since(30, 60), since(30, 36)),
		"traffic falls": growing(t, lagging, since(30, 36), since(30, 36)),
		"it goes on":    growing(t, lagging, since(30, 60), since(30, 60)),
		"no step":       growing(t, lagging, since(0, 60), since(30, 36)),
	} {
		t.Run(name, func(t *testing.T) { spares(t, s.diagnose(), "h-autoscale-lag") })
	}
}

// Azure's log has whole seconds: of a request timeout of one it does not show whether the member answered others meanwhile.
// That it answered nobody is then not said, and what is seen otherwise still counts.
func TestWaitsThatTheLogIsTooCoarseFor(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":1`, 1)
	for i := range 60 {
		s.after(700 * time.Millisecond)
		s.request(4, took(20*time.Millisecond))
		s.request(5, took(20*time.Millisecond))
		if i%6 == 0 {
			s.request(6, fails(timeoutFault, time.Second))
		} else {
			s.request(6, took(600*time.Millisecond))
		}
	}
	expect(t, s.diagnose(), "g-noisy-member high 10")

	s = newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":1`, 1)
	for range 8 {
		s.after(5 * time.Second)
		s.request(4)
		s.request(4, fails(timeoutFault, time.Second))
	}
	u := s.diagnose().Undetermined
	if u.Failures != 8 || !strings.Contains(u.Groups[0].Next, "whole seconds") || !slices.Contains(u.Rivals, "c-accept-queue") || slices.Contains(u.Rivals, "f-handshake-timeout") {
		t.Errorf("%+v", u)
	}
}

// Azure's log lists each server that was asked: a request that was answered by the second one was not lost, and the failure
// is there all the same.
func TestHiddenByRetryOnAzure(t *testing.T) {
	s := newAzureStory(t)
	for range 10 {
		s.after(time.Second).request(5)
		s.request(4, recovered(raceFault, func(_ *accesslog.Record, a *accesslog.Attempt) { a.Server = netip.MustParseAddrPort("10.0.0.6:80") }))
	}
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Cause != "k-hidden-by-retry" || r.Findings[0].Also != 10 {
		t.Errorf("%d recovered, findings %+v", r.Recovered, r.Findings)
	}
}

// secureMember is member 6 of an HTTPS pool on Azure: its new connections end from some time on, until nobody asks it any more.
// What health says of it is for the story to say.
func secureMember(t *testing.T, detail string, failing change2) *story {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"protocol":"Http","requestTimeout":2`, `"protocol":"Https","requestTimeout":2`, 1)
	for i := range 90 {
		s.after(time.Second).request(4)
		s.request(5)
		switch {
		case i < 30:
			s.request(6)
		case i < 60:
			s.request(6, failing)
		}
	}
	s.files = map[string]string{"backendhealth.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"servers":[` +
		`{"address":"10.0.0.4","health":"Healthy"},{"address":"10.0.0.5","health":"Healthy"},{"address":"10.0.0.6","health":"Unhealthy","healthProbeLog":"` + detail + `"}]}]}]}`}
	return s
}

const expiredText = "Backend certificate is invalid. Current date is not within the Valid from and Valid to date range on the certificate."

// Azure's log says only that connections to one member ended. That its certificate has run out says health; the others answer
// with theirs. Connections that ended while others worked, and a reason of another kind, prove nothing of a certificate.
func TestCertificateOfOneMemberOnAzure(t *testing.T) {
	found := func(s *story) string {
		out := ""
		for _, f := range s.diagnose().Findings {
			out += f.Cause + " " + f.Confidence + "; "
		}
		return out
	}
	closed := fails(closedFault, 2*time.Millisecond)
	if got := found(secureMember(t, expiredText, closed)); got != "f-expired medium; f-partial-rotation medium; " {
		t.Errorf("found %s", got)
	}
	if got := found(secureMember(t, "Received invalid status code: 500 in the backend server's HTTP response.", closed)); strings.Contains(got, "f-") {
		t.Errorf("another reason: found %s", got)
	}
	s := secureMember(t, expiredText, closed)
	for range 30 {
		s.after(time.Second).request(6)
		s.request(4)
	}
	if got := found(s); strings.Contains(got, "f-") {
		t.Errorf("it works again: found %s", got)
	}
}

// What a fix tells to do is what was found, by its name, in the form that the gateway's generation takes.
func TestFixesOfTheGateway(t *testing.T) {
	for _, c := range []struct{ sku, has, not string }{
		{`"sku":{"name":"Standard_Medium","tier":"Standard","capacity":2}`, "--capacity 4", "--min-capacity"},
		{`"sku":{"name":"Standard_v2","tier":"Standard_v2"},"autoscaleConfiguration":{"minCapacity":1,"maxCapacity":2}`, "--min-capacity", "Set-AzApplicationGatewaySku"},
	} {
		s := fullGateway(t, 10*time.Millisecond)
		s.doc = strings.Replace(storyDocument, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`, c.sku, 1)
		s.files["metrics.json"] = strings.Replace(s.files["metrics.json"], "CapacityUnits", map[bool]string{true: "CpuUtilization", false: "CapacityUnits"}[strings.Contains(c.sku, "Medium")], 1)
		s.files["metrics.json"] = strings.ReplaceAll(s.files["metrics.json"], `"average":20`, `"average":99`)
		fixes := fmt.Sprint(s.diagnose().Findings[0].Fixes)
		if !strings.Contains(fixes, c.has) || strings.Contains(fixes, c.not) {
			t.Errorf("%s: %s", c.sku, fixes)
		}
	}
}
