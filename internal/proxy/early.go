package proxy

import (
	"errors"
	"time"

	"causeway/internal/fault"
	"causeway/internal/http1"
)

// A member may answer before the request is complete. What becomes of the rest depends on what the member does with the
// connection: if it keeps it, it must read the body to its end (RFC 9112 section 9.3); if it closes it, it takes no more,
// and the gateway reads the rest in its place (linger.go).

// errAnswered stops an upload that has lost its purpose: the answer is complete.
var errAnswered = errors.New("the answer is complete")

// withhold holds an early success back until the upload has ended, so that no client holds a success for a body that the
// member does not have. Azure, which reads requests in whole before it asks a member, answers no sooner either. Only an
// answer that is complete and leaves the connection open is withheld, and only from a body of declared length: a sender of
// chunks may wait for the answer before it continues.
func (a *attempt) withhold(box *[blockSize]byte, end int) bool {
	b := &a.x.body
	if b.ended.Load() || b.length < 0 || a.res.Status >= 300 || a.res.Close || !a.complete(box[a.res.Len:end]) {
		return false
	}
	a.withheld, a.withheldEnd, a.early = box, end, true
	return true
}

// complete reports whether begun holds all of the response's body.
func (a *attempt) complete(begun []byte) bool {
	switch kind, length := a.res.Body(a.x.req.Method); kind {
	case http1.None:
		return true
	case http1.Length:
		return int64(len(begun)) >= length
	case http1.Chunked:
		var chunks http1.Chunks
		for len(begun) > 0 && !chunks.Done() {
			used, _, err := chunks.Next(begun)
			if err != nil {
				return false
			}
			begun = begun[used:]
		}
		return chunks.Done()
	}
	return false
}

// passOn relays the withheld answer, unless the client has broken its upload off.
func (a *attempt) passOn(clientErr error) *fault.Fault {
	box := a.withheld
	a.withheld = nil
	defer blocks.Put(box)
	if failed(clientErr) {
		return uploadFault(clientErr)
	}
	return a.answer(box, a.withheldEnd, time.Now())
}

// wantsMore reports whether the member still reads the request although its answer is complete: it keeps the connection,
// so it must read the body to its end (RFC 9112 section 9.3). The upload continues, and nothing of it is lost.
func (a *attempt) wantsMore() bool { return a.clean && !a.res.Close }
