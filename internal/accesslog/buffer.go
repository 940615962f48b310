package accesslog

// Buffer collects the records of one loop for a Writer, without a lock: it is not safe for use by several at once. What
// it holds counts nowhere until it is handed on, so its owner calls Flush about once a second, and at the end.
type Buffer struct {
	to *Writer
	batch
}

// bufferBytes is the memory of a buffer: one of flushBytes is handed on, and most records fit in what is left then.
const bufferBytes = flushBytes + 8<<10

// NewBuffer makes an empty buffer.
func (w *Writer) NewBuffer() *Buffer { return &Buffer{to: w} }

// Write encodes a record. It takes the Writer's lock only when the buffer is full.
func (b *Buffer) Write(r *Record) {
	if b.bytes == nil {
		b.bytes = make([]byte, 0, bufferBytes)
	}
	b.bytes = r.Append(b.bytes)
	b.lines++
	if len(b.bytes) >= flushBytes {
		b.Flush()
	}
}

// Flush hands what was collected to the Writer, which writes it at once. Once the Writer is closed it is lost.
func (b *Buffer) Flush() {
	if b.lines > 0 {
		b.batch = batch{bytes: b.to.hand(b.batch)}
	}
}
