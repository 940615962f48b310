package accesslog

import (
	"strconv"

	"causeway/internal/fault"
)

// Category and operation names, as Azure writes them.
const (
	Category  = "ApplicationGatewayAccessLog"
	Operation = "ApplicationGatewayAccess"
)

// extensionVersion is the version of the object `causeway`. It changes when a field changes its meaning.
const extensionVersion = "1"

// Append encodes r as one line of JSON, with its line end, and returns the longer slice. It allocates nothing else.
func (r *Record) Append(b []byte) []byte {
	if r.V1 {
		return r.appendV1(b)
	}
	return r.appendV2(b)
}

func (r *Record) appendV2(b []byte) []byte {
	b = append(b, `{"timeStamp":"`...)
	b = append(b, secondOf(r.Start).text...)
	if r.Names != nil {
		b = append(b, r.Names...)
	} else {
		b = r.AppendNames(b)
	}
	b = r.appendRequest(b)
	b = seconds(b, `,"clientResponseTime":`, max(r.ClientTime, 0), 3)
	b = seconds(b, `,"timeTaken":`, r.Taken, 3)
	b = append(b, `,"WAFEvaluationTime":"0.000","WAFMode":"","transactionId":"`...)
	b = AppendHex(b, &r.Transaction)
	if r.TLSProtocol == "" && r.TLSCipher == "" && r.BackendTLS == "" && r.BackendCipher == "" {
		b = append(b, noTLS...)
	} else {
		b = r.appendTLS(b)
	}
	b = r.appendUpstream(b)
	b = text(b, `","originalHost":"`, r.OriginalHost)
	b = text(b, `","host":"`, r.Host)
	b = text(b, `","error_info":"`, r.ErrorInfo)
	b = text(b, `","contentType":"`, r.ContentType)
	b = r.appendExtension(b)
	return append(b, "}}\n"...)
}

// noTLS is what the records of requests without TLS say of it.
var noTLS = new(Record).appendTLS(nil)

func (r *Record) appendTLS(b []byte) []byte {
	b = text(b, `","sslEnabled":"`, onOff(r.TLSProtocol != ""))
	b = text(b, `","sslCipher":"`, r.TLSCipher)
	b = text(b, `","sslProtocol":"`, r.TLSProtocol)
	b = append(b, `","sslClientVerify":"NONE","sslClientCertificateFingerprint":"","sslClientCertificateIssuerName":"`...)
	b = text(b, `","backendSslProtocol":"`, r.BackendTLS)
	return text(b, `","backendSslCipher":"`, r.BackendCipher)
}

// AppendNames encodes what the v2 records of a target have in common: see Names.
func (r *Record) AppendNames(b []byte) []byte {
	b = text(b, `+00:00","resourceId":"`, r.ResourceID)
	b = text(b, `","listenerName":"`, r.Listener)
	b = text(b, `","ruleName":"`, r.Rule)
	b = text(b, `","backendPoolName":"`, r.Pool)
	b = text(b, `","backendSettingName":"`, r.Settings)
	b = text(b, `","operationName":"`+Operation+`","category":"`+Category+`","properties":{"instanceId":"`, r.Instance)
	return append(b, `","clientIP":"`...)
}

// appendRequest writes what both halves of the v2 schema say of the request itself.
func (r *Record) appendRequest(b []byte) []byte {
	b = address(b, r.Client.Addr())
	b = integer(b, `","clientPort":`, int64(r.Client.Port()))
	b = text(b, `,"httpMethod":"`, r.Method)
	b = text(b, `","originalRequestUriWithArgs":"`, r.OriginalURI)
	b = text(b, `","requestUri":"`, r.URI)
	b = text(b, `","requestQuery":"`, r.Query)
	b = text(b, `","userAgent":"`, orDash(r.UserAgent))
	b = integer(b, `","httpStatus":`, int64(r.Status))
	b = text(b, `,"httpVersion":"`, r.Version)
	b = integer(b, `","receivedBytes":`, r.Received)
	b = integer(b, `,"sentBytes":`, r.Sent)
	b = integer(b, `,"connectionSerialNumber":`, int64(r.ClientSerial))
	return integer(b, `,"noOfConnectionRequests":`, int64(r.ClientUses))
}

// appendUpstream writes the fields that become lists when there was more than one attempt.
func (r *Record) appendUpstream(b []byte) []byte {
	b = r.each(b, `","serverRouted":"`, func(b []byte, a *Attempt) []byte {
		if !a.Server.IsValid() {
			return append(b, '-')
		}
		return addressPort(b, a.Server)
	})
	b = r.each(b, `","serverStatus":"`, func(b []byte, a *Attempt) []byte {
		if a.Status == 0 {
			if len(r.Attempts) == 1 {
				return b
			}
			return append(b, '-')
		}
		return number(b, int64(a.Status))
	})
	b = r.each(b, `","serverConnectTime":"`, connectTime)
	b = r.each(b, `","serverHeaderTime":"`, func(b []byte, a *Attempt) []byte { return orDashTime(b, a.HeaderTime) })
	b = r.each(b, `","serverResponseLatency":"`, func(b []byte, a *Attempt) []byte { return decimal(b, max(a.Total, 0), 3) })
	return r.each(b, `","upstreamSourcePort":"`, func(b []byte, a *Attempt) []byte {
		if a.LocalPort == 0 {
			return append(b, '-')
		}
		return number(b, int64(a.LocalPort))
	})
}

func (r *Record) each(b []byte, key string, one func([]byte, *Attempt) []byte) []byte {
	b = append(b, key...)
	for i := range r.Attempts {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = one(b, &r.Attempts[i])
	}
	return b
}

// connectTime is 0.000 on a connection that was there already, and a dash where none was established, as nginx writes it.
func connectTime(b []byte, a *Attempt) []byte {
	if a.Connect < 0 && !a.Reused && a.LocalPort == 0 {
		return append(b, '-')
	}
	return decimal(b, max(a.Connect, 0), 3)
}

// appendV1 writes the schema of the first generation: milliseconds, and the backend packed into requestQuery.
func (r *Record) appendV1(b []byte) []byte {
	b = text(b, `{"resourceId":"`, r.ResourceID)
	b = append(b, `","operationName":"`+Operation+`","time":"`...)
	b = append(b, secondOf(r.Start).text...)
	b = text(b, `Z","category":"`+Category+`","properties":{"instanceId":"`, r.Instance)
	b = append(b, `","clientIP":"`...)
	b = address(b, r.Client.Addr())
	b = integer(b, `","clientPort":`, int64(r.Client.Port()))
	b = text(b, `,"httpMethod":"`, r.Method)
	b = text(b, `","requestUri":"`, r.URI)
	b = append(b, `","requestQuery":"`...)
	if n := len(r.Attempts); n > 0 {
		a := &r.Attempts[n-1]
		b = append(b, "X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED="...)
		if a.Server.IsValid() {
			b = address(b, a.Server.Addr())
		}
		b = append(b, "&X-AzureApplicationGateway-LOG-ID="...)
		b = AppendHex(b, &r.Transaction)
		b = append(b, "&SERVER-STATUS="...)
		if a.Status > 0 {
			b = number(b, int64(a.Status))
		}
	}
	b = text(b, `","userAgent":"`, orDash(r.UserAgent))
	b = integer(b, `","httpStatus":`, int64(r.Status))
	b = text(b, `,"httpVersion":"`, r.Version)
	b = integer(b, `","receivedBytes":`, r.Received)
	b = integer(b, `,"sentBytes":`, r.Sent)
	b = integer(b, `,"timeTaken":`, r.Taken.Milliseconds())
	b = text(b, `,"sslEnabled":"`, onOff(r.TLSProtocol != ""))
	b = text(b, `","host":"`, r.Host)
	b = text(b, `","originalHost":"`, r.OriginalHost)
	b = r.appendExtension(b)
	return append(b, "}}\n"...)
}

// appendExtension writes the object of Causeway's own: short on a plain success, complete otherwise.
func (r *Record) appendExtension(b []byte) []byte {
	b = append(b, `","causeway":`...)
	begin := len(b)
	b = append(b, `{"v":`+extensionVersion+`,"start":`...)
	b = append(b, secondOf(r.Start).number...)
	b = sixDigits(append(b, '.'), uint64(r.Start.Nanosecond()/1000))
	b = integer(b, `,"rev":`, int64(r.Revision))
	if r.V1 && r.Pool != "" { // the schema of the first generation has no place for them
		b = str(b, `,"pool":`, r.Pool)
		b = str(b, `,"settings":`, r.Settings)
	}
	if r.V1 && r.ClientUses == 1 { // nor for the number of requests
		b = append(b, `,"first":true`...)
	}
	if n := len(r.Attempts); n > 0 {
		a := &r.Attempts[n-1]
		b = a.append(append(b, ','), r.V1)
		if a.named() {
			if with := str(b, `,"member":`, a.Member); len(with)-begin < plainMax {
				b = with
			}
		}
	}
	if r.Parent != [16]byte{} {
		b = AppendHex(append(b, `,"parent":"`...), &r.Parent)
		b = append(b, '"')
	}
	b = r.appendRare(b)
	if !r.plain() {
		b = r.appendTrouble(b)
	}
	return append(b, '}')
}

// appendRare writes what few records have, failed or not.
func (r *Record) appendRare(b []byte) []byte {
	if r.IdleEnd {
		b = append(b, `,"idleEnd":true`...)
	}
	if r.EndedBy != "" {
		b = str(b, `,"endedBy":`, r.EndedBy)
		b = str(b, `,"end":`, r.End)
	}
	if r.HeldBack != "" {
		b = str(b, `,"heldBack":`, r.HeldBack)
	}
	if r.Queued > 0 {
		b = seconds(b, `,"queued":`, r.Queued, 6)
	}
	if r.Cut == "" {
		return b
	}
	b = str(b, `,"cut":`, r.Cut)
	b = integer(b, `,"dropped":`, r.Dropped)
	if r.plain() {
		b = integer(b, `,"declared":`, r.Declared)
		b = integer(b, `,"bodyRead":`, r.BodyRead)
	}
	return b
}

// plain reports whether nothing about r needs more words.
func (r *Record) plain() bool { return r.Fault.None() && len(r.Attempts) <= 1 && !r.Aborted }

func (r *Record) appendTrouble(b []byte) []byte {
	if !r.Fault.None() {
		b = appendFault(append(b, `,"fault":`...), r.Fault)
	}
	if r.Aborted {
		b = append(b, `,"aborted":true`...)
	}
	if r.Stalled > 0 {
		b = seconds(b, `,"stalled":`, r.Stalled, 6)
	}
	b = integer(b, `,"declared":`, r.Declared)
	b = integer(b, `,"bodyRead":`, r.BodyRead)
	if len(r.Attempts) == 0 {
		return b
	}
	b = append(b, `,"attempts":[`...)
	for i := range r.Attempts {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.Attempts[i].appendWhole(append(b, '{'))
		b = append(b, '}')
	}
	return append(b, ']')
}

// append writes the fields of an attempt that every record has, except the member's name: that is left out where
// serverRouted already says it, or where it would make a plain record long.
func (a *Attempt) append(b []byte, v1 bool) []byte {
	if v1 && a.Server.IsValid() {
		b = append(b, `"server":"`...)
		b = append(addressPort(b, a.Server), `",`...)
	}
	b = integer(b, `"port":`, int64(a.LocalPort))
	b = integer(b, `,"active":`, int64(a.Active))
	if a.Reused {
		b = integer(b, `,"uses":`, int64(a.Uses))
		b = seconds(b, `,"idle":`, a.Idle, 6)
		b = seconds(b, `,"age":`, a.Age, 3)
	} else if a.Stale >= 0 {
		b = seconds(b, `,"stale":`, a.Stale, 6)
	}
	if a.Hint >= 0 {
		b = seconds(b, `,"hint":`, a.Hint, 0)
	}
	if a.Connect >= 0 {
		b = seconds(b, `,"connect":`, a.Connect, 6)
	}
	if a.TLS >= 0 {
		b = seconds(b, `,"tls":`, a.TLS, 6)
	}
	b = seconds(b, `,"send":`, a.Send, 6)
	b = seconds(b, `,"wait":`, a.Wait, 6)
	b = seconds(b, `,"receive":`, a.Receive, 6)
	return a.appendAnswer(b)
}

// appendAnswer writes what an error of the member's own says of itself, and what came before the answer.
func (a *Attempt) appendAnswer(b []byte) []byte {
	if a.Interim > 0 {
		b = integer(b, `,"interim":`, int64(a.Interim))
	}
	if a.RetryAfter >= 0 {
		b = seconds(b, `,"retryAfter":`, a.RetryAfter, 0)
	}
	if a.Page != "" {
		b = str(b, `,"page":`, a.Page)
	}
	return b
}

// plainMax bounds the object of a plain success, in bytes.
const plainMax = 256

// named reports whether the document names the member by anything but the address that was dialled.
func (a *Attempt) named() bool {
	var box [64]byte
	return a.Member != "" && (!a.Server.IsValid() || string(address(box[:0], a.Server.Addr())) != a.Member)
}

func (a *Attempt) appendWhole(b []byte) []byte {
	b = str(b, `"member":`, a.Member)
	b = append(b, `,"server":"`...)
	if a.Server.IsValid() {
		b = addressPort(b, a.Server)
	}
	b = integer(b, `","port":`, int64(a.LocalPort))
	b = integer(b, `,"status":`, int64(a.Status))
	b = append(b, `,"reused":`...)
	b = strconv.AppendBool(b, a.Reused)
	b = integer(b, `,"uses":`, int64(a.Uses))
	b = seconds(b, `,"idle":`, a.Idle, 6)
	b = seconds(b, `,"age":`, a.Age, 6)
	b = seconds(b, `,"stale":`, a.Stale, 6)
	b = seconds(b, `,"hint":`, a.Hint, 0)
	b = seconds(b, `,"connect":`, a.Connect, 6)
	b = seconds(b, `,"tls":`, a.TLS, 6)
	b = seconds(b, `,"send":`, a.Send, 6)
	b = seconds(b, `,"wait":`, a.Wait, 6)
	b = seconds(b, `,"receive":`, a.Receive, 6)
	b = seconds(b, `,"total":`, a.Total, 6)
	b = integer(b, `,"bytesOut":`, a.BytesOut)
	b = integer(b, `,"bytesIn":`, a.BytesIn)
	b = integer(b, `,"declaredIn":`, a.DeclaredIn)
	b = seconds(b, `,"rtt":`, a.RTT, 6)
	b = integer(b, `,"retransmits":`, int64(a.Retransmits))
	b = integer(b, `,"active":`, int64(a.Active))
	b = integer(b, `,"least":`, int64(a.Least))
	b = a.appendAnswer(b)
	if a.Presented != "" {
		b = str(b, `,"presented":`, a.Presented)
	}
	if a.Ejected {
		b = append(b, `,"ejected":true`...)
	}
	if !a.Fault.None() {
		b = appendFault(append(b, `,"fault":`...), a.Fault)
	}
	return b
}

func appendFault(b []byte, f fault.Fault) []byte {
	b = str(b, `{"side":`, string(f.Side))
	b = str(b, `,"phase":`, string(f.Phase))
	b = str(b, `,"kind":`, string(f.Kind))
	if f.Errno != "" {
		b = str(b, `,"errno":`, f.Errno)
	}
	if f.Alert != 0 {
		b = integer(b, `,"alert":`, int64(f.Alert))
	}
	if f.Detail != "" {
		b = str(b, `,"detail":`, f.Detail)
	}
	return append(b, '}')
}
