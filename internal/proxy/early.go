package proxy

import (
	"errors"
	"time"

	"causeway/internal/fault"
	"causeway/internal/http1"
)

// A member may answer before the request is complete. What becomes of the rest depends on what it does to the connection:
// one that it keeps must take the body to its end (RFC 9112 section 9.3); one that it closes takes no more, and the gateway
// reads the rest in its place (linger.go).

// errAnswered stops an upload that has lost its purpose: the answer is complete.
var errAnswered = errors.New("the answer is complete")

// keepBack holds an early success back until the upload has ended, so that no client holds a success for a body that the
// member does not have: Azure, which takes requests in whole before it asks a member, answers no sooner either. Only an
// answer that is complete and leaves the connection open is kept back, and only to a body of declared length: whoever
// sends chunks may wait for the answer before it goes on.
func (x *exchange) keepBack(box *[blockSize]byte, end int) bool {
	if x.body.ended.Load() || x.body.length < 0 || x.res.Status >= 300 || x.res.Close || !x.complete(box[x.res.Len:end]) {
		return false
	}
	x.withheld, x.withheldEnd, x.early = box, end, true
	return true
}

// complete reports whether begun holds all of the response's body.
func (x *exchange) complete(begun []byte) bool {
	switch kind, length := x.res.Body(x.req.Method); kind {
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

// passOn passes on the answer that was withheld, unless the client has broken its upload off.
func (x *exchange) passOn(clientErr error) *fault.Fault {
	box := x.withheld
	x.withheld = nil
	defer blocks.Put(box)
	if failed(clientErr) {
		return uploadFault(clientErr)
	}
	return x.answer(box, x.withheldEnd, time.Now())
}

// wantsMore reports whether the member still reads the request although its answer is complete: it keeps the connection,
// so it must take the body to its end (RFC 9112 section 9.3). Its upload goes on, and nothing of it is lost.
func (x *exchange) wantsMore() bool { return x.clean && !x.res.Close }
