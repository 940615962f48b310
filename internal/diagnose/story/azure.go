package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// Stories of a gateway in Azure: the log has whole seconds and no word of phases, reuse or idle ages.

func NewAzure(t *testing.T) *Story {
	s := New(t)
	s.Azure = true
	return s
}

func OnInstance(n int) Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Instance = fmt.Sprintf("appgw_%d", n) }
}

func Port(p int) Change {
	return func(_ *accesslog.Record, a *accesslog.Attempt) { a.LocalPort = uint16(p) }
}

func Status(n int) Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Status, a.Status = n, n
		a.Fault = fault.Fault{}
	}
}

var ClosedFault = fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Closed}

// DoubledWaitsStory has requests for which both members were waited for, one after the other.
func DoubledWaitsStory(t *testing.T, failures int) *Story {
	s := NewAzure(t)
	s.Doc = strings.Replace(StoryDocument, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for range failures {
		s.After(time.Minute)
		for range 20 {
			s.After(time.Second).Request(4, Took(17*time.Second))
		}
		s.Request(4, Fails(TimeoutFault, 40*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			a.Total = 20 * time.Second
			r.Attempts = append(r.Attempts, *a)
		})
	}
	return s
}

// FullGateway needs both its instances wholly for ten minutes of an hour, in which members take some time for an answer.
func FullGateway(t *testing.T, answer time.Duration) *Story {
	s := NewAzure(t)
	s.Doc = strings.Replace(StoryDocument, `"capacity":1`, `"capacity":2`, 1)
	begin := s.At
	var points []string
	for i := range 60 {
		units := 8
		for j := range 20 {
			s.At = begin.Add(time.Duration(i)*time.Minute + time.Duration(j)*3*time.Second)
			if i >= 30 && i < 40 && j%5 == 0 {
				s.Request(4+j/5%2, Fails(ClosedFault, 700*time.Millisecond))
			} else if i >= 30 && i < 40 {
				s.Request(4+j%2, Took(answer))
			} else {
				s.Request(4 + j%2)
			}
		}
		if i >= 30 && i < 40 {
			units = 20
		}
		points = append(points, fmt.Sprintf(`{"timeStamp":%q,"average":%d}`, begin.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), units))
	}
	s.Files = map[string]string{"metrics.json": `{"value":[{"name":{"value":"CapacityUnits"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[` + strings.Join(points, ",") + `]}]}]}`}
	return s
}
