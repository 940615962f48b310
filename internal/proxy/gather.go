package proxy

import (
	"errors"
	"os"
	"time"
)

// gatherTime is how long a head that came alone waits for its body.
const gatherTime = time.Millisecond

// gather waits a moment for more of the body after a head that came alone: servers that send files write the two
// separately, and one write of ours costs the client and us half of two. The caller reports met once the head is out.
func (a *attempt) gather(room []byte, now time.Time) (n int, met error) {
	a.backend.SetReadDeadline(now.Add(gatherTime))
	n, err := a.backend.Read(room)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return n, err
}

// gatherRest continues a body of which a read filled its room, and so left more behind, in a room for all of it.
func (a *attempt) gatherRest(room, begun []byte, now time.Time) ([]byte, error) {
	end := copy(room, begun)
	n, met := a.gather(room[end:], now)
	return room[:end+n], met
}
