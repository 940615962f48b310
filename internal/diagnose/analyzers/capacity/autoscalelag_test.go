package capacity_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/activity"
	"causeway/internal/diagnose/story"
)

// A step in traffic meets a gateway that grows. If only one member or one route fails, or members came as well, the gateway was not
// short of instances.
func TestStepInTrafficThatOthersFeel(t *testing.T) {
	t.Parallel()
	since := func(from, to int) func(int) bool { return func(i int) bool { return i >= from && i < to } }
	lagging := func(i int) int { return map[bool]int{true: 10, false: 24}[i < 36] }
	t.Run("everybody", func(t *testing.T) {
		t.Parallel()
		story.Named(t, growing(t, lagging, since(30, 60), since(30, 36)).Diagnose(), "h-autoscale-lag")
	})
	for name, change := range map[string]func(*accesslog.Record){
		"one member": func(r *accesslog.Record) {
			if r.Status >= 500 {
				r.Attempts[0].Member, r.Attempts[0].Server = "10.0.0.5", netip.MustParseAddrPort("10.0.0.5:80")
			}
		},
		"one route": func(r *accesslog.Record) {
			if r.Status >= 500 {
				r.URI, r.OriginalURI = []byte("/campaign"), []byte("/campaign")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := growing(t, lagging, since(30, 60), since(30, 36))
			for i := range s.Records {
				change(&s.Records[i])
			}
			story.Spares(t, s.Diagnose(), "h-autoscale-lag")
		})
	}
	t.Run("members came", func(t *testing.T) {
		t.Parallel()
		s := growing(t, lagging, since(30, 60), since(30, 36))
		begin := s.Records[0].Start
		for i := range s.Records {
			if r := &s.Records[i]; i%3 == 0 && r.Start.Sub(begin) > 35*time.Minute && r.Status < 500 {
				s.At = r.Start
				s.Request(6)
			}
		}
		story.Spares(t, s.Diagnose(), "h-autoscale-lag")
	})
}

// Two pools fail alike until the gateway has grown, by its compute units: one member of one pool joins much later.
func TestGatewayThatGrowsForAllPools(t *testing.T) {
	t.Parallel()
	since := func(from, to int) func(int) bool { return func(i int) bool { return i >= from && i < to } }
	s := growing(t, func(i int) int { return map[bool]int{true: 8, false: 13}[i < 39] }, since(35, 60), since(35, 39))
	for i := range s.Records {
		if i%3 == 0 {
			s.Records[i].Pool = "canary"
		}
	}
	s.At = s.Records[0].Start.Add(55 * time.Minute)
	s.Request(6)
	s.Files["metrics.json"] = strings.Replace(s.Files["metrics.json"], "CapacityUnits", "ComputeUnits", 1)
	story.Expect(t, s.Diagnose(), "h-autoscale-lag medium 20")
}

// growing is an autoscaling gateway whose traffic grows eightfold at minute 30; until minute 36 some of it fails.
func growing(t *testing.T, units func(minute int) int, load, fail func(minute int) bool) *story.Story {
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`,
		`"sku":{"name":"Standard_v2","tier":"Standard_v2"},"autoscaleConfiguration":{"minCapacity":1,"maxCapacity":10}`, 1)
	begin := s.At
	var points []string
	for i := range 60 {
		requests := 3
		if load(i) {
			requests = 24
		}
		for j := range requests {
			s.At = begin.Add(time.Duration(i)*time.Minute + time.Duration(j)*2*time.Second)
			if fail(i) && j%5 == 0 {
				s.Request(4+j/5%2, story.Fails(story.RaceFault, 700*time.Millisecond))
			} else {
				s.Request(4 + j%2)
			}
		}
		points = append(points, fmt.Sprintf(`{"timeStamp":%q,"average":%d}`, begin.Add(time.Duration(i)*time.Minute).Format(time.RFC3339),
			units(i)))
	}
	s.Files = map[string]string{"metrics.json": `{"value":[{"name":{"value":"CapacityUnits"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[` + strings.Join(points, ",") + `]}]}]}`}
	return s
}

// A step in traffic meets one instance, which is all there is until others have come. Where units rise at once nothing was
// waited for; where traffic falls as the failures end, or they go on as units rise, it was not for the lack of instances.
func TestAutoscaleLag(t *testing.T) {
	t.Parallel()
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
	t.Run("lag", func(t *testing.T) {
		t.Parallel()
		story.Expect(t, growing(t, lagging, since(30, 60), since(30, 36)).Diagnose(), "h-autoscale-lag medium 30")
	})
	for name, s := range map[string]*story.Story{
		"no waiting":    growing(t, func(i int) int { return lagging(i + 6) }, since(30, 60), since(30, 36)),
		"traffic falls": growing(t, lagging, since(30, 36), since(30, 36)),
		"it goes on":    growing(t, lagging, since(30, 60), since(30, 60)),
		"no step":       growing(t, lagging, since(0, 60), since(30, 36)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story.Spares(t, s.Diagnose(), "h-autoscale-lag")
		})
	}
}

// Causeway's own autoscaler writes down when the gateway grew. Failures that end just then, while arrivals stay up, were for the lack of
// instances.
func TestAutoscaleLagRecorded(t *testing.T) {
	t.Parallel()
	grew := func(second int) []activity.Event {
		at := story.Begin.Add(time.Duration(second) * time.Second)
		return []activity.Event{
			{At: at, Kind: activity.Scale, From: 1, To: 2, Caller: "autoscaler", Why: "compute in use: 100 % of 1 instance"},
			{At: at.Add(4 * time.Second), Kind: activity.Scale, From: 2, To: 4, Caller: "autoscaler"},
			{At: at.Add(5 * time.Second), Kind: activity.Ready, Instance: "appgw_3"},
		}
	}
	throttled := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = r.Taken / 2 }
	busy := func(from, to, until int, members int, stalled story.Change) *story.Story {
		s := story.New(t)
		for i := range 600 {
			s.At = story.Begin.Add(time.Duration(i) * time.Second)
			n := 1
			if i >= from && i < until {
				n = 8
			}
			for j := range n {
				if i >= from && i < to && j%4 == 0 {
					s.Request(4+(i+j/4)%members, story.Fails(story.TimeoutFault, 2*time.Second), stalled)
					continue
				}
				s.Request(4 + j%2)
			}
		}
		return s
	}
	t.Run("lag", func(t *testing.T) {
		t.Parallel()
		s := busy(295, 308, 600, 2, throttled)
		s.Journal(grew(300)...)
		r := s.Diagnose()
		story.Expect(t, r, "h-autoscale-lag high 26")
		story.EveryForm(t, r, "the gateway grew from 1 to 4 instances by 2026-11-23T09:05:05.000Z (compute in use: 100 % of 1 instance)")
	})
	for name, s := range map[string]*story.Story{
		"it goes on":                         busy(295, 600, 600, 2, throttled),
		"traffic falls":                      busy(295, 308, 308, 2, throttled),
		"one member":                         busy(295, 308, 600, 1, throttled),
		"members were slow":                  busy(295, 308, 600, 2, func(*accesslog.Record, *accesslog.Attempt) {}),
		"at a time at which it did not grow": busy(100, 113, 600, 2, throttled),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Journal(grew(300)...)
			story.Spares(t, s.Diagnose(), "h-autoscale-lag")
		})
	}
	t.Run("it shrank", func(t *testing.T) {
		t.Parallel()
		s := busy(295, 308, 600, 2, throttled)
		s.Journal(activity.Event{At: story.Begin.Add(300 * time.Second), Kind: activity.Scale, From: 3, To: 2})
		story.Spares(t, s.Diagnose(), "h-autoscale-lag")
	})
}
