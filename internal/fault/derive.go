package fault

// Azure's error_info codes, as the v2 access log has them.
const (
	NoError          = "ERRORINFO_NO_ERROR"
	InvalidMethod    = "ERRORINFO_INVALID_METHOD"
	InvalidRequest   = "ERRORINFO_INVALID_REQUEST"
	InvalidVersion   = "ERRORINFO_INVALID_VERSION"
	Invalid09        = "ERRORINFO_INVALID_09_METHOD"
	InvalidHost      = "ERRORINFO_INVALID_HOST"
	InvalidLength    = "ERRORINFO_INVALID_CONTENT_LENGTH"
	InvalidTrace     = "ERRORINFO_INVALID_METHOD_TRACE"
	ClientClosed     = "ERRORINFO_CLIENT_CLOSED_REQUEST"
	ClientTimedOut   = "ERRORINFO_CLIENT_TIMED_OUT"
	URIInvalid       = "ERRORINFO_REQUEST_URI_INVALID"
	NoHostHeader     = "ERRORINFO_HTTP_NO_HOST_HEADER"
	HTTPToHTTPSPort  = "ERRORINFO_HTTP_TO_HTTPS_PORT"
	UpstreamNoLive   = "ERRORINFO_UPSTREAM_NO_LIVE"
	UpstreamClosed   = "ERRORINFO_UPSTREAM_CLOSED_CONNECTION"
	UpstreamTimedOut = "ERRORINFO_UPSTREAM_TIMED_OUT"
)

// ClientGone is the status that the log gives a request whose client left: nobody receives it. v1 logs 0.
const ClientGone = 499

// Status is the HTTP status that the gateway answers, by generation; 0 where none can be sent or none is due.
func (f Fault) Status(v1 bool) int {
	switch f.Side {
	case "":
		return 0
	case Client:
		return f.clientStatus(v1)
	case Gateway:
		return f.gatewayStatus()
	}
	switch {
	case f.Kind == Status:
		return 0 // the backend's own answer stands
	case f.Kind == Timeout && !v1:
		return 504
	}
	return 502
}

func (f Fault) clientStatus(v1 bool) int {
	switch f.Kind {
	case NoListener:
		return 404
	case Misdirected:
		return 421
	case Unsupported:
		return 405
	case Timeout:
		return 408
	case BodyTooBig:
		return 413
	case URITooLong:
		return 414
	case TooLarge:
		return 431
	case Closed, Reset:
		if v1 {
			return 0
		}
		return ClientGone
	}
	return 400
}

func (f Fault) gatewayStatus() int {
	switch f.Kind {
	case Panicked:
		return 500
	case Unsupported:
		return 501
	}
	return 502
}

// ErrorInfo is the reason that Azure's access log gives. Azure documents three reasons for what a backend does; each
// fault maps to the one whose description it fits.
func (f Fault) ErrorInfo() string {
	switch f.Side {
	case "":
		return NoError
	case Client:
		return f.clientInfo()
	}
	switch f.Kind {
	case NoMember, NoHealthy, NoTarget, Unresolved, Exhausted:
		return UpstreamNoLive
	case Timeout:
		return UpstreamTimedOut
	case Status, Panicked, Unsupported:
		return NoError
	}
	return UpstreamClosed
}

func (f Fault) clientInfo() string {
	switch f.Kind {
	case Closed, Reset, Truncated:
		return ClientClosed
	case Timeout:
		return ClientTimedOut
	case BadMethod:
		return InvalidMethod
	case Unsupported:
		return InvalidTrace
	case BadVersion:
		return InvalidVersion
	case Version09:
		return Invalid09
	case BadURI, URITooLong:
		return URIInvalid
	case MissingHost:
		return NoHostHeader
	case BadHost, NoListener, Misdirected:
		return InvalidHost
	case BadLength:
		return InvalidLength
	case NotTLS:
		return HTTPToHTTPSPort
	}
	return InvalidRequest
}

// Retry says which retry is allowed after a fault that happened before the response began.
type Retry uint8

// Retries, each with its conditions.
const (
	Never       Retry = iota
	NextMember        // nothing was sent: another member may have it, whatever the method
	SecondTry         // v2, once: a second member may have it, if it is idempotent and its body is held
	FreshNeeded       // once: the same request on a new connection, if it is idempotent and its body is held
	OtherMember       // once: another member may have it, if the method is safe
)

// Retry is the class of f; the request decides whether its conditions hold.
func (f Fault) Retry(v1 bool) Retry {
	if f.Side != Backend && f.Side != Network {
		return Never
	}
	switch f.Phase {
	case Resolve, Connect, TLS:
		return NextMember
	case Wait:
		if f.Kind == Timeout {
			if v1 {
				return Never
			}
			return SecondTry
		}
	case Send:
	default:
		return Never
	}
	switch {
	case f.Kind != Closed && f.Kind != Reset:
		return Never
	case f.Reused:
		return FreshNeeded
	}
	return OtherMember
}
