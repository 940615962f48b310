package arm

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// quorum says which nodes there are, unless it is away.
type quorum struct {
	*fake
	away  bool
	asked int
}

func (q *quorum) Admitted(ctx context.Context) ([]string, error) {
	q.asked++
	if q.away {
		<-ctx.Done()
		return nil, errors.Join(errors.New("no quorum"), ctx.Err())
	}
	return q.admitted, nil
}

// In a cluster without a quorum an answer still names the nodes that it lacks, and few answers wait for that.
func TestWithoutAQuorumAnswersSeldomWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t).logged(1)
		nodes := &quorum{fake: w.gateway}
		w.gateway.node, w.gateway.admitted, w.server.gateway = "a", []string{"a", "b"}, nodes
		ask := func(want string) time.Duration {
			t.Helper()
			begin := time.Now()
			if a, _ := w.query("AGWAccessLogs", ""); a.missing() != want {
				t.Errorf("without %q, want %q: %d %s", a.missing(), want, a.status, a.text)
			}
			return time.Since(begin)
		}
		ask("b")
		w.gateway.admitted = []string{"a", "b", "c"}
		time.Sleep(admittedLife)
		ask("b, c")
		nodes.away = true
		time.Sleep(admittedLife)
		waited := ask("b, c")
		for range 20 {
			waited += ask("b, c")
		}
		if nodes.asked != 3 || waited > admittedTime {
			t.Errorf("21 answers without a quorum asked for one %d times, and waited %v", nodes.asked-2, waited)
		}
		nodes.away, w.gateway.admitted = false, []string{"a", "c"}
		time.Sleep(admittedAgain)
		ask("c")
	})
}
