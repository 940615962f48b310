package capacity_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
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
