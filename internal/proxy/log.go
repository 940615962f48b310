package proxy

import (
	"causeway/internal/accesslog"
	"causeway/internal/conn"
)

// bufferedLog is a log that makes buffers: with one for each Home, a record waits for no other Home's.
type bufferedLog interface{ NewBuffer() *accesslog.Buffer }

// homeLog is the buffer of a Home, which keeps it in its App.
type loopLog struct {
	by *Proxy
	*accesslog.Buffer
}

// homeLog is the buffer of a locked Home; nil: it has none of this Proxy's.
func (p *Proxy) loopLog(h *conn.Loop) *loopLog {
	if l, ok := h.App.(*loopLog); ok && l.by == p {
		return l
	}
	return nil
}

// writeRecord hands the record to the log, by way of the Home's buffer where there is one.
func (x *exchange) writeRecord() {
	if !x.bufferRecord() {
		x.s.p.log.Write(&x.rec)
	}
}

func (x *exchange) bufferRecord() bool {
	h := x.s.loop
	h.Lock()
	defer h.Unlock()
	l := x.s.p.loopLog(h)
	if l == nil {
		return false
	}
	l.Write(&x.rec)
	return true
}

// Flush hands on what waits in the buffers of the Homes; the first one gives each Home its buffer. So once there was one,
// there must be another about every second, and one after Shutdown, before the log is closed. Who never calls it has no
// buffers.
func (p *Proxy) Flush() {
	log, ok := p.log.(bufferedLog)
	if !ok {
		return
	}
	p.engine.Each(func(h *conn.Loop) {
		h.Lock()
		defer h.Unlock()
		switch l := p.loopLog(h); {
		case l != nil:
			l.Flush()
		case h.App == nil:
			h.App = &loopLog{p, log.NewBuffer()}
		}
	})
}
