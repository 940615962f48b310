package scenarios

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
	"causeway/internal/lab/stage"
	"causeway/internal/lab/synthetic"
)

// madeScenarios are what a lab cannot show: limits of Azure's own, its words for certificates, long times.
func madeScenarios() []stage.Scenario {
	var out []stage.Scenario
	add := func(name, story string, make func(*synthetic.Generator), truth ...stage.Truth) *stage.Scenario {
		out = append(out, stage.Scenario{
			Name:  "made-" + name,
			Story: story,
			Truth: truth,
			Made:  true,
			Lasts: time.Second,
			Play:  synthetic.Play(make),
		})
		return &out[len(out)-1]
	}
	is := func(cause string, also ...string) stage.Truth { return stage.Truth{Cause: cause, Also: also} }
	add("capacity-max", "a gateway that may grow to two instances stands at their capacity, and fails requests meanwhile", capacityAtMost,
		is("h-capacity-max"))
	add("v1-cpu", "the processors of a first-generation gateway are full", v1CPU, is("h-cpu"))
	s := add("autoscale-lag", "traffic jumps, and the gateway needs minutes to follow", autoscaleLag,
		is("h-autoscale-lag", "h-capacity-max"))
	s.Open, s.Known = true, "no rule finds growth that comes late yet"
	add("health-unknown", "backend health cannot be retrieved", healthUnknown, is("a-health-unknown", "a-all-unhealthy-fail-closed"))
	for _, h := range azureWords {
		add(h.name, "backend health says: "+h.story, func(f *synthetic.Generator) { takenOut(f, h.text) },
			is(h.cause, "a-all-unhealthy-fail-closed"))
	}
	add("month-of-backups", "a month of metrics; each night the backup takes the members' disks", monthOfBackups, is("d-cron-contention"))
	add("hourly-job", "a job at one minute of each hour", hourlyJob, is("d-cron-contention"))
	add("instance-fault", "one of three instances of the gateway fails requests at all members", oneInstance, is("h-instance-fault"))
	add("node-local", "one instance cannot reach one member", oneCell, is("b-node-local"))
	add("inner-timeout", "the application gives up after 30 s; the gateway waits for a minute", innerThirty,
		is("d-inner-timeout", "k-backend-5xx"))
	add("timeout-cliff", "slow answers reach past a request timeout of 20 s", func(f *synthetic.Generator) { cliff(f, 7*time.Second) },
		is("d-timeout-below-latency"))
	add("timeout-cliff-v1", "the same on a first-generation gateway, which says 502 and counts milliseconds", cliffV1,
		is("d-timeout-below-latency"))
	for _, limit := range []int{5, 20} {
		s := add(fmt.Sprintf("idle-race-%d", limit), fmt.Sprintf("the members close connections that were idle for %d s", limit),
			func(f *synthetic.Generator) { racePorts(f, time.Duration(limit)*time.Second) }, is("c-idle-race"))
		s.Open = true
	}
	add("client-timer", "callers give up after ten seconds", clientsTen, is("j-client-timer-spike", "j-client-abort"))
	add("scanner", "a scanner asks for what nobody has", madeScanner, is("j-scanner", "j-invalid-request", "i-no-listener-match"))
	add("waf-latency", "the firewall takes seconds for large forms", wafSlow, is("h-waf-latency"))
	add("wrong-pool", "a path rule without a wildcard", madeWrongPool, is("i-wrong-pool"))
	add("masked", "the member answers 500, and the client gets 502", maskedAnswers, is("k-masked"))
	add("noisy-member", "one of three members is slow", noisyAzure, is("g-noisy-member"))
	add("slow-route", "one path needs longer than the timeout", slowPathAzure, is("d-slow-route"))
	s = add("queueing", "one server takes everything in turn; at peaks the wait exceeds the timeout", queueAzure, is("g-cpu-queueing"))
	s.Open = true
	add("shedding", "the application refuses what is above its limit at peaks", shedAzure, is("g-shed-503", "k-backend-5xx"))
	s = add("inner-and-instance", "one instance is bad, and the application has a timer of its own",
		func(f *synthetic.Generator) { oneInstance(f); innerThirtyMore(f) },
		is("h-instance-fault"), is("d-inner-timeout", "k-backend-5xx"))
	s.Open, s.Known = true, "failures of another cause on the other instances hide the bad one"
	return out
}

// azureWords are texts of backend health as Azure documents them.
var azureWords = []struct{ name, story, cause, text string }{
	{
		"cert-expired", "outside its validity", "f-expired",
		`Backend certificate is invalid. Current date is not within the "Valid from" and "Valid to" date range on the certificate.`,
	},
	{
		"cert-name", "another name", "f-name-mismatch",
		"The Common Name of the leaf certificate presented by the backend server does not match the Probe or Backend Setting hostname of the application gateway. Ensure that the hostname matches or install the correct certificate on the backend server.",
	},
	{
		"cert-unknown-ca", "not signed by a well-known CA", "f-unknown-ca",
		"The Server certificate is not signed by a well-known Certificate Authority (CA). To use private CA-signed or self-signed certificates on the backend, upload the corresponding root CA certificate to the associated Backend Setting of your application gateway.",
	},
	{
		"cert-root", "another root", "f-unknown-ca",
		"The root certificate of the server certificate used by the backend doesn't match the trusted root certificate added to the application gateway. Ensure that you add the correct root certificate to whitelist the backend.",
	},
	{
		"cert-intermediate", "the chain is incomplete", "f-missing-intermediate",
		"The Intermediate certificate is missing from the backend server chain. Ensure that the certificate chain is complete and correctly ordered on the backend server.",
	},
	{
		"probe-status", "another status", "a-probe-status-mismatch",
		"Status code of the backend's HTTP response did not match the probe setting. Expected:200-399 Received:403.",
	},
	{
		"probe-body", "another body", "a-probe-body-match",
		"Body of the backend's HTTP response did not match the probe setting. Received response body does not contain {ready}.",
	},
	{
		"probe-timeout", "too late", "a-probe-timeout-short",
		"Time taken by the backend to respond to application gateway's health probe is more than the timeout threshold in the probe setting.",
	},
	{
		"dns", "no such name", "b-dns-nxdomain",
		"Application Gateway could not create a probe for this backend. This usually happens when the FQDN of the backend has not been entered correctly.",
	},
}

// takenOut has nobody healthy all along.
func takenOut(f *synthetic.Generator, text string) {
	f.Health("Unhealthy", text)
	f.Traffic(0.5, 20*time.Minute, func(at time.Duration, _ int) { f.Request(at, -1, synthetic.Failing(synthetic.NobodyHealthy, 0)) })
}

func healthUnknown(f *synthetic.Generator) {
	f.Health("Unknown",
		"The backend health status could not be retrieved. This happens when an NSG/UDR/Firewall on the application gateway subnet is blocking traffic on ports 65503-65534 if there is v1 SKU, and ports 65200-65535 if there is v2 SKU, or if the FQDN configured in the backend pool could not be resolved to an IP address.")
	f.Traffic(0.5, 20*time.Minute, func(at time.Duration, _ int) { f.Request(at, -1, synthetic.Failing(synthetic.NobodyHealthy, 0)) })
}

// span is a stretch of minutes.
type span struct{ from, to int }

func (s span) has(at time.Duration) bool { m := int(at.Minutes()); return m >= s.from && m < s.to }

func capacityAtMost(f *synthetic.Generator) {
	f.Site.Grows = [2]int{1, 2}
	f.Site.Pools = append(f.Site.Pools, stage.Pool{Name: "api", Path: "/api/*", Members: []stage.Member{{Name: "10.1.0.4"}}})
	busy := []span{{20 + f.IntN(10), 45}, {80 + f.IntN(10), 100}}
	full := func(at time.Duration) bool { return busy[0].has(at) || busy[1].has(at) }
	f.Metric("CapacityUnits", "Count", 120, func(m int) float64 {
		if full(time.Duration(m) * time.Minute) {
			return 19.5 + f.Float64()
		}
		return 6 + 4*f.Float64()
	})
	f.Traffic(1.2, 2*time.Hour, func(at time.Duration, m int) {
		pool := []synthetic.Change{synthetic.On("/"), synthetic.ToPool("web")}
		if f.IntN(3) == 0 {
			m, pool = 0, []synthetic.Change{synthetic.On("/api/a"), synthetic.ToPool("api")}
		}
		if full(at) && f.Float64() < 0.04 {
			pool = append(pool, synthetic.Failing(synthetic.ClosedByMember, f.Vary(200*time.Millisecond, 3*time.Second)))
		}
		f.Request(at, m, pool...)
	})
}

var mediumV1 = stage.Object{"name": "Standard_Medium", "tier": "Standard", "capacity": 2}

func v1CPU(f *synthetic.Generator) {
	f.Site.SKU = mediumV1
	busy := span{30 + f.IntN(20), 75}
	f.Metric("CpuUtilization", "Percent", 120, func(m int) float64 {
		if busy.has(time.Duration(m) * time.Minute) {
			return 93 + 7*f.Float64()
		}
		return 30 + 20*f.Float64()
	})
	f.Traffic(1.2, 2*time.Hour, func(at time.Duration, m int) {
		if busy.has(at) && f.Float64() < 0.04 {
			f.Request(at, m, synthetic.Failing(synthetic.ClosedByMember, f.Vary(500*time.Millisecond, 5*time.Second)))
			return
		}
		f.Request(at, m)
	})
}

func autoscaleLag(f *synthetic.Generator) {
	f.Site.Grows = [2]int{1, 10}
	jump := 40 + f.IntN(20)
	lag := span{jump, jump + 5}
	f.Metric("CapacityUnits", "Count", 100, func(m int) float64 {
		switch {
		case m < jump:
			return 5 + f.Float64()
		case m < lag.to:
			return 10 + f.Float64()
		}
		return 38 + 4*f.Float64()
	})
	for m := range 100 {
		rate := 0.5
		if m >= jump {
			rate = 4
		}
		for _, at := range stage.Poisson(f.Rand, rate, time.Minute) {
			at += time.Duration(m) * time.Minute
			if lag.has(at) && f.Float64() < 0.15 {
				f.Request(at, f.IntN(3), synthetic.Failing(synthetic.ClosedByMember, f.Vary(time.Second, 4*time.Second)))
				continue
			}
			f.Request(at, f.IntN(3))
		}
	}
}

// monthOfBackups has the log of two hours around each night's backup, and metrics of the whole time.
func monthOfBackups(f *synthetic.Generator) {
	f.From = f.From.Truncate(24 * time.Hour)
	f.Metric("CapacityUnits", "Count", 30*24*60, func(m int) float64 { return 4 + 2*f.Float64() })
	phase := time.Duration(60+f.IntN(60)) * time.Minute
	for day := range 30 {
		for _, at := range stage.Poisson(f.Rand, 0.005, 24*time.Hour) {
			f.Request(time.Duration(day)*24*time.Hour+at, f.IntN(3))
		}
		for range 4 {
			at := time.Duration(day)*24*time.Hour + phase + f.Vary(0, 20*time.Minute)
			f.Request(at, f.IntN(3), f.Within(time.Minute))
		}
	}
}

func hourlyJob(f *synthetic.Generator) {
	f.From = f.From.Truncate(time.Hour)
	phase := time.Duration(5+f.IntN(50)) * time.Minute
	f.Traffic(0.1, 24*time.Hour, func(at time.Duration, m int) { f.Request(at, m) })
	for hour := range 24 {
		for range 2 + f.IntN(3) {
			f.Request(time.Duration(hour)*time.Hour+phase+f.Vary(0, 100*time.Second), f.IntN(3), f.Within(time.Minute))
		}
	}
}

func oneInstance(f *synthetic.Generator) {
	f.Traffic(0.5, 2*time.Hour, func(at time.Duration, m int) {
		i := f.IntN(3)
		if i == 1 && f.Float64() < 0.08 {
			f.Request(at, m, synthetic.AtInstance(i),
				synthetic.Failing(synthetic.ClosedByMember, f.Vary(100*time.Millisecond, 600*time.Millisecond)))
			return
		}
		f.Request(at, m, synthetic.AtInstance(i))
	})
}

func oneCell(f *synthetic.Generator) {
	f.Traffic(0.5, 2*time.Hour, func(at time.Duration, m int) {
		i := f.IntN(3)
		if i == 1 && m == 2 {
			f.Request(at, m, synthetic.AtInstance(i),
				synthetic.Failing(synthetic.ClosedByMember, f.Vary(100*time.Millisecond, 600*time.Millisecond)))
			return
		}
		f.Request(at, m, synthetic.AtInstance(i))
	})
}

func innerThirty(f *synthetic.Generator) {
	f.Traffic(0.5, time.Hour, func(at time.Duration, m int) { f.Request(at, m) })
	innerThirtyMore(f)
}

func innerThirtyMore(f *synthetic.Generator) {
	f.Site.Pools[0].RequestTimeout = 60
	status := []int{500, 504}[f.IntN(2)]
	f.Traffic(0.01, time.Hour, func(at time.Duration, m int) {
		f.Request(at, m, synthetic.On("/search"), synthetic.Taking(30*time.Second+f.Vary(0, 50*time.Millisecond)),
			synthetic.Answering(status))
	})
}

func cliff(f *synthetic.Generator, median time.Duration) {
	slow := lognormal(median, 0.6)
	f.Traffic(0.3, time.Hour, func(at time.Duration, m int) { f.Request(at, m, f.Within(slow(f.Rand))) })
}

func cliffV1(f *synthetic.Generator) {
	f.Site.SKU = mediumV1
	cliff(f, 7*time.Second)
}

// racePorts has connections with gaps of all lengths; a request that comes within the way's time before the limit is lost.
func racePorts(f *synthetic.Generator, limit time.Duration) {
	window, opened := f.Vary(60*time.Millisecond, 120*time.Millisecond), 0
	open := func() int { opened++; return 1024 + opened%60_000 }
	for c := range 25 {
		port, at := open(), f.Vary(0, limit)
		for at < 720*limit {
			f.Request(at, c%3, synthetic.AtInstance(c%2), synthetic.FromPort(port))
			gap := time.Duration(f.ExpFloat64() * float64(limit) * 0.6)
			at += 60*time.Millisecond + gap
			switch {
			case gap >= limit:
				port = open() // the gateway has seen the end, and opens another
			case gap > limit-window:
				f.Request(at, c%3, synthetic.AtInstance(c%2), synthetic.FromPort(port),
					synthetic.Failing(synthetic.ClosedByMember, f.Vary(time.Millisecond, 3*time.Millisecond)))
				port = open()
				at += time.Second
			}
		}
	}
}

func clientsTen(f *synthetic.Generator) {
	f.Traffic(0.5, 2*time.Hour, func(at time.Duration, m int) { f.Request(at, m) })
	f.Traffic(0.02, 2*time.Hour, func(at time.Duration, m int) {
		f.Request(at, m, synthetic.On("/report"), synthetic.Taking(f.Vary(3*time.Second, 15*time.Second)))
	})
	f.Traffic(0.01, 2*time.Hour, func(at time.Duration, m int) {
		f.Request(at, m, synthetic.On("/report"), synthetic.Failing(synthetic.ClientLeft, 10*time.Second+f.Vary(0, 20*time.Millisecond)))
	})
}

func madeScanner(f *synthetic.Generator) {
	f.Traffic(0.5, time.Hour, func(at time.Duration, m int) { f.Request(at, m) })
	for i := range 60 + f.IntN(60) {
		bad := fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.Malformed}
		if i%2 == 0 {
			bad = fault.Fault{Side: fault.Client, Phase: fault.Route, Kind: fault.NoListener}
		}
		f.Request(20*time.Minute+time.Duration(i)*700*time.Millisecond, -1, synthetic.Failing(bad, time.Millisecond),
			synthetic.On(fmt.Sprintf("/wp-%d.php", i)), func(_ *synthetic.Generator, r *accesslog.Record, _ *accesslog.Attempt) {
				r.Client, r.UserAgent, r.Pool, r.Settings, r.Rule = netip.MustParseAddrPort("198.51.100.77:4444"), []byte("probe/1.0"),
					"", "", ""
				r.OriginalHost, r.Host = fmt.Appendf(nil, "h%d.example", i%9), nil
			})
	}
}

func wafSlow(f *synthetic.Generator) {
	f.Site.SKU = stage.Object{"name": "WAF_v2", "tier": "WAF_v2", "capacity": 2}
	f.Traffic(0.5, time.Hour, func(at time.Duration, m int) {
		f.Request(at, m)
		f.WAF[f.Serial] = f.Vary(time.Millisecond, 4*time.Millisecond)
	})
	f.Traffic(0.02, time.Hour, func(at time.Duration, m int) {
		inspected := f.Vary(12*time.Second, 19*time.Second)
		f.Request(at, m, synthetic.On("/form"),
			synthetic.Failing(synthetic.ClosedByMember, inspected+f.Vary(200*time.Millisecond, 900*time.Millisecond)))
		f.WAF[f.Serial] = inspected
	})
}

func madeWrongPool(f *synthetic.Generator) {
	f.Site.Pools = append(f.Site.Pools, stage.Pool{Name: "api", Path: "/api", Members: []stage.Member{{Name: "10.2.0.4"}}})
	f.Traffic(0.5, time.Hour, func(at time.Duration, m int) { f.Request(at, m) })
	f.Traffic(0.05, time.Hour, func(at time.Duration, m int) {
		f.Request(at, m, synthetic.On("/api/orders"),
			synthetic.Failing(synthetic.ClosedByMember, f.Vary(20*time.Millisecond, 90*time.Millisecond)))
	})
}

func maskedAnswers(f *synthetic.Generator) {
	f.Traffic(0.5, time.Hour, func(at time.Duration, m int) {
		if f.Float64() > 0.03 {
			f.Request(at, m)
			return
		}
		f.Request(at, m, synthetic.Answering(500), func(_ *synthetic.Generator, r *accesslog.Record,
			_ *accesslog.Attempt,
		) {
			r.Status = 502
		})
	})
}

func noisyAzure(f *synthetic.Generator) {
	slow, bad := lognormal(8*time.Second, 0.6), f.IntN(3)
	f.FailsAt = stage.MemberName(bad)
	f.Traffic(0.3, time.Hour, func(at time.Duration, m int) {
		if m == bad {
			f.Request(at, m, f.Within(slow(f.Rand)))
			return
		}
		f.Request(at, m)
	})
}

func slowPathAzure(f *synthetic.Generator) {
	slow := lognormal(13*time.Second, 0.4)
	f.Traffic(0.5, time.Hour, func(at time.Duration, m int) { f.Request(at, m) })
	f.Traffic(0.05, time.Hour, func(at time.Duration, m int) { f.Request(at, m, synthetic.On("/report"), f.Within(slow(f.Rand))) })
}

// queueAzure serves one request after the other, on three paths, with peaks above what it can do.
func queueAzure(f *synthetic.Generator) {
	var arrivals []time.Duration
	for m := range 120 {
		rate := 0.2
		if m%20 >= 17 {
			rate = 1.7
		}
		for _, at := range stage.Poisson(f.Rand, rate, time.Minute) {
			arrivals = append(arrivals, at+time.Duration(m)*time.Minute)
		}
	}
	slices.Sort(arrivals)
	free := time.Duration(0)
	for i, at := range arrivals {
		begins := max(at, free)
		free = begins + f.Vary(600*time.Millisecond, 900*time.Millisecond)
		if begins-at > 20*time.Second { // its client has been answered by then, and the server skips it
			free = begins
		}
		f.Request(at, 0, synthetic.On([]string{"/", "/a", "/b"}[i%3]), f.Within(free-at+time.Millisecond))
	}
}

func shedAzure(f *synthetic.Generator) {
	for m := range 120 {
		rate, limit := 0.3, 2.0
		if m%15 >= 14 {
			rate = 4
		}
		for i, at := range stage.Poisson(f.Rand, rate, time.Minute) {
			at += time.Duration(m) * time.Minute
			if rate > limit && f.Float64() < 1-limit/rate {
				f.Request(at, i%3, synthetic.Taking(f.Vary(time.Millisecond, 3*time.Millisecond)), synthetic.Answering(503))
				continue
			}
			f.Request(at, i%3, synthetic.Taking(f.Vary(100*time.Millisecond, 300*time.Millisecond)))
		}
	}
}
