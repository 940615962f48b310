package proxy

import (
	"causeway/internal/accesslog"
	"causeway/internal/conn"
)

// bufferedLog is a log that makes buffers: with one for each Loop, no record waits for another Loop's.
type bufferedLog interface{ NewBuffer() *accesslog.Buffer }

// loopLog is the log buffer of a Loop, which keeps it in its App.
type loopLog struct {
	by *Proxy
	*accesslog.Buffer
}

// loopLog returns the buffer of a locked Loop; nil: it has none of this Proxy's.
func (p *Proxy) loopLog(loop *conn.Loop) *loopLog {
	if l, ok := loop.App.(*loopLog); ok && l.by == p {
		return l
	}
	return nil
}

// writeRecord hands the record to the log, through the Loop's buffer where there is one.
func (x *exchange) writeRecord() {
	if !x.bufferRecord() {
		x.s.p.log.Write(&x.rec)
	}
}

func (x *exchange) bufferRecord() bool {
	loop := x.s.loop
	loop.Lock()
	defer loop.Unlock()
	l := x.s.p.loopLog(loop)
	if l == nil {
		return false
	}
	l.Write(&x.rec)
	return true
}

// Flush writes out the buffers of the Loops; the first call gives each Loop its buffer. So after the first there must be
// another about every second, and one after Shutdown, before the log closes. Without any call there are no buffers.
func (p *Proxy) Flush() {
	log, ok := p.log.(bufferedLog)
	if !ok {
		return
	}
	p.engine.Each(func(loop *conn.Loop) {
		loop.Lock()
		defer loop.Unlock()
		switch l := p.loopLog(loop); {
		case l != nil:
			l.Flush()
		case loop.App == nil:
			loop.App = &loopLog{p, log.NewBuffer()}
		}
	})
}
