package smstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"beian/internal/filing"
)

// NewTencent starts a fake of Tencent Cloud SMS (sms 2021-01-11).
func NewTencent(t testing.TB, a Approved) *Server { return newServer(t, a, (*Server).tencent) }

// tencentAsk is the union of both actions' parameters.
type tencentAsk struct {
	PhoneNumberSet   []string
	SmsSdkAppId      string
	SignName         string
	TemplateId       string
	TemplateParamSet []string
	SessionContext   string
	PhoneNumber      string
	BeginTime        int64
	EndTime          int64
	Offset, Limit    int
}

func (s *Server) tencent(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if code := s.tencentSignature(r, body); code != "" {
		tencentError(w, code)
		return
	}
	var ask tencentAsk
	if json.Unmarshal(body, &ask) != nil || ask.SmsSdkAppId == "" {
		tencentError(w, "InvalidParameter")
		return
	}
	action := r.Header.Get("X-TC-Action")
	s.counted(action)
	switch action {
	case "SendSms":
		s.tencentSend(w, r, ask)
	case "PullSmsSendStatusByPhoneNumber":
		s.tencentPull(w, ask)
	default:
		tencentError(w, "InvalidAction")
	}
}

// tencentSignature checks a request as the documentation of signature v3 says, from
// what arrived and without the client's code; empty means that it is good.
func (s *Server) tencentSignature(r *http.Request, body []byte) string {
	scheme, fields, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := map[string]string{}
	for field := range strings.SplitSeq(fields, ", ") {
		name, value, _ := strings.Cut(field, "=")
		given[name] = value
	}
	credential := strings.Split(given["Credential"], "/")
	seconds, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	switch {
	case r.URL.RawQuery != "":
		return "InvalidParameter"
	case scheme != "TC3-HMAC-SHA256" || len(credential) != 4 || credential[0] != s.keys.ID:
		return "AuthFailure.SecretIdNotFound"
	case err != nil || time.Unix(seconds, 0).Sub(s.now()).Abs() > 5*time.Minute:
		return "AuthFailure.SignatureExpire"
	case credential[1] != time.Unix(seconds, 0).UTC().Format("2006-01-02") || credential[2] != "sms" || credential[3] != "tc3_request":
		return "AuthFailure.SignatureFailure"
	}
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	sign := func(key []byte, text string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	var lines strings.Builder
	for name := range strings.SplitSeq(given["SignedHeaders"], ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		lines.WriteString(name + ":" + strings.ToLower(value) + "\n")
	}
	canonical := "POST\n/\n\n" + lines.String() + "\n" + given["SignedHeaders"] + "\n" + hash(string(body))
	toSign := "TC3-HMAC-SHA256\n" + r.Header.Get("X-TC-Timestamp") + "\n" + strings.Join(credential[1:], "/") + "\n" + hash(canonical)
	key := sign(sign(sign([]byte("TC3"+s.keys.Secret), credential[1]), credential[2]), credential[3])
	if given["Signature"] != hex.EncodeToString(sign(key, toSign)) {
		return "AuthFailure.SignatureFailure"
	}
	return ""
}

func (s *Server) tencentSend(w http.ResponseWriter, r *http.Request, ask tencentAsk) {
	if len(ask.PhoneNumberSet) != 1 {
		tencentError(w, "InvalidParameterValue.IncorrectPhoneNumber")
		return
	}
	phone := strings.TrimPrefix(ask.PhoneNumberSet[0], "+86")
	if code := s.tencentFault(ask, phone); code != "" {
		tencentStatus(w, code, "")
		return
	}
	fault := s.next(phone)
	if isTaken(fault) {
		s.take(ask.SessionContext, phone, fault)
	}
	if s.silent(w, r, fault) {
		return
	}
	refusals := map[Fault]string{
		Throttled: "LimitExceeded.PhoneNumberThirtySecondLimit", BadNumber: "InvalidParameterValue.IncorrectPhoneNumber",
		Blacklisted: "FailedOperation.PhoneNumberInBlacklist", OutOfBalance: "FailedOperation.InsufficientBalanceInSmsPackage",
		Strange: "FailedOperation.NeverSeenBefore",
	}
	if code, ok := refusals[fault]; ok {
		tencentStatus(w, code, "")
		return
	}
	if fault == Busy {
		tencentError(w, "InternalError.OtherError")
		return
	}
	tencentStatus(w, "Ok", s.take(ask.SessionContext, phone, fault))
}

// tencentFault is what the documented checks of SendSms find wrong.
func (s *Server) tencentFault(ask tencentAsk, phone string) string {
	_, err := filing.ParsePhone(phone)
	want, known := s.registered[ask.TemplateId]
	switch {
	case err != nil:
		return "InvalidParameterValue.IncorrectPhoneNumber"
	case !slices.Contains(s.signs, ask.SignName):
		return "FailedOperation.SignatureIncorrectOrUnapproved"
	case !known:
		return "FailedOperation.TemplateIncorrectOrUnapproved"
	case len(ask.TemplateParamSet) != want:
		return "InvalidParameterValue.TemplateParameterFormatError"
	case len(ask.SessionContext) > 512:
		return "InvalidParameterValue"
	}
	return ""
}

func (s *Server) tencentPull(w http.ResponseWriter, ask tencentAsk) {
	rows := []map[string]any{}
	for _, m := range s.about(strings.TrimPrefix(ask.PhoneNumber, "+86")) {
		if !m.delivered && m.failed == "" || m.at.Unix() < ask.BeginTime || m.at.Unix() > ask.EndTime {
			continue // only what a carrier has reported on is listed
		}
		row := map[string]any{"SessionContext": m.outID, "SerialNo": m.serial, "PhoneNumber": "+86" + m.phone,
			"ReportStatus": "SUCCESS", "Description": "DELIVRD", "UserReceiveTime": m.at.Unix()}
		if m.failed != "" {
			row["ReportStatus"], row["Description"] = "FAIL", "MK:0001"
		}
		rows = append(rows, row)
	}
	tencentAnswer(w, map[string]any{"PullSmsSendStatusSet": rows[min(len(rows), ask.Offset):min(len(rows), ask.Offset+ask.Limit)], "RequestId": "r"})
}

// TencentPush is a status callback about messages; it names them by serial number
// only.
func (s *Server) TencentPush(outIDs ...string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []map[string]any{}
	for _, id := range outIDs {
		row := map[string]any{"sid": "unknown", "report_status": "SUCCESS", "errmsg": "DELIVRD", "mobile": "13900000000", "nationcode": "86"}
		if m := s.taken[id]; m != nil {
			row["sid"] = m.serial
		}
		rows = append(rows, row)
	}
	return encoded(rows)
}

func tencentError(w http.ResponseWriter, code string) {
	tencentAnswer(w, map[string]any{"Error": map[string]any{"Code": code, "Message": code}, "RequestId": "r"})
}

func tencentStatus(w http.ResponseWriter, code, serial string) {
	tencentAnswer(w, map[string]any{"SendStatusSet": []map[string]any{{"Code": code, "SerialNo": serial, "Message": code, "Fee": 1}}, "RequestId": "r"})
}

func tencentAnswer(w http.ResponseWriter, response any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(encoded(map[string]any{"Response": response}))
}
