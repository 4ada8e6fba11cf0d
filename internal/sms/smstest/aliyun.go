package smstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"beian/internal/filing"
)

// NewAliyun starts a fake of Aliyun SMS (dysmsapi 2017-05-25).
func NewAliyun(t testing.TB, a Approved) *Server { return newServer(t, a, (*Server).aliyun) }

func (s *Server) aliyun(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if code := s.aliyunSignature(r, body); code != "" {
		aliyunAnswer(w, http.StatusBadRequest, map[string]any{"Code": code, "Message": code})
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		aliyunAnswer(w, http.StatusBadRequest, map[string]any{"Code": "InvalidParameter"})
		return
	}
	action := r.Header.Get("x-acs-action")
	s.counted(action)
	switch action {
	case "SendSms":
		s.aliyunSend(w, r, form)
	case "QuerySendDetails":
		s.aliyunQuery(w, form)
	default:
		aliyunAnswer(w, http.StatusNotFound, map[string]any{"Code": "InvalidAction.NotFound"})
	}
}

// aliyunSignature checks a request as the documentation of V3 signatures says, from
// what arrived and without the client's code; empty means that it is good.
func (s *Server) aliyunSignature(r *http.Request, body []byte) string {
	if r.URL.RawQuery != "" { // ours puts nothing there
		return "InvalidParameter.Query"
	}
	scheme, fields, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(field, "=")
		given[name] = value
	}
	if scheme != "ACS3-HMAC-SHA256" || given["Credential"] != s.keys.ID {
		return "InvalidAccessKeyId.NotFound"
	}
	at, err := time.Parse(time.RFC3339, r.Header.Get("x-acs-date"))
	if err != nil || at.Sub(s.now()).Abs() > 15*time.Minute {
		return "InvalidTimeStamp.Expired"
	}
	if !s.fresh(r.Header.Get("x-acs-signature-nonce")) {
		return "SignatureNonceUsed"
	}
	sum := sha256.Sum256(body)
	hashed := hex.EncodeToString(sum[:])
	var lines strings.Builder
	names := strings.Split(given["SignedHeaders"], ";")
	for _, must := range []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"} {
		if !slices.Contains(names, must) {
			return "IncompleteSignature"
		}
	}
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		lines.WriteString(name + ":" + value + "\n")
	}
	canonical := "POST\n/\n\n" + lines.String() + "\n" + given["SignedHeaders"] + "\n" + hashed
	sum = sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(s.keys.Secret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(sum[:])))
	if r.Header.Get("x-acs-content-sha256") != hashed || given["Signature"] != hex.EncodeToString(mac.Sum(nil)) {
		return "SignatureDoesNotMatch"
	}
	return ""
}

func (s *Server) fresh(nonce string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if nonce == "" || s.nonces[nonce] {
		return false
	}
	s.nonces[nonce] = true
	return true
}

func (s *Server) aliyunSend(w http.ResponseWriter, r *http.Request, form url.Values) {
	phone, outID := form.Get("PhoneNumbers"), form.Get("OutId")
	if code := s.aliyunFault(form); code != "" {
		aliyunAnswer(w, http.StatusOK, map[string]any{"Code": code, "Message": code, "RequestId": "r"})
		return
	}
	fault := s.next(phone)
	if isTaken(fault) {
		s.take(outID, phone, fault)
	}
	if s.silent(w, r, fault) {
		return
	}
	refusals := map[Fault][2]string{
		Throttled: {"isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"}, BadNumber: {"isv.MOBILE_NUMBER_ILLEGAL", "手机号格式错误"},
		OutOfBalance: {"isv.AMOUNT_NOT_ENOUGH", "账户余额不足"}, Strange: {"isv.NEVER_SEEN_BEFORE", "?"},
	}
	if refusal, ok := refusals[fault]; ok {
		aliyunAnswer(w, http.StatusOK, map[string]any{"Code": refusal[0], "Message": refusal[1], "RequestId": "r"})
		return
	}
	if fault == Busy {
		aliyunAnswer(w, http.StatusInternalServerError, map[string]any{"Code": "InternalError", "Message": "busy", "RequestId": "r"})
		return
	}
	aliyunAnswer(w, http.StatusOK, map[string]any{"Code": "OK", "Message": "OK", "RequestId": "r", "BizId": s.take(outID, phone, fault)})
}

// aliyunFault is what the documented checks of SendSms find wrong.
func (s *Server) aliyunFault(form url.Values) string {
	var values map[string]string
	if json.Unmarshal([]byte(form.Get("TemplateParam")), &values) != nil {
		return "isv.INVALID_JSON_PARAM"
	}
	_, err := filing.ParsePhone(form.Get("PhoneNumbers"))
	want, known := s.registered[form.Get("TemplateCode")]
	switch {
	case err != nil:
		return "isv.MOBILE_NUMBER_ILLEGAL"
	case !slices.Contains(s.signs, form.Get("SignName")):
		return "isv.SMS_SIGNATURE_ILLEGAL"
	case !known:
		return "isv.SMS_TEMPLATE_ILLEGAL"
	case len(values) != want:
		return "isv.TEMPLATE_MISSING_PARAMETERS"
	case len(form.Get("OutId")) > 255:
		return "isv.INVALID_PARAMETERS"
	}
	for _, value := range values {
		if value == "" {
			return "isv.TEMPLATE_PARAMS_ILLEGAL"
		}
		if strings.Contains(value, "://") || strings.Contains(value, "www.") {
			return "isv.PARAM_NOT_SUPPORT_URL"
		}
	}
	return ""
}

func (s *Server) aliyunQuery(w http.ResponseWriter, form url.Values) {
	size, err := strconv.Atoi(form.Get("PageSize"))
	page, pageErr := strconv.Atoi(form.Get("CurrentPage"))
	if err != nil || pageErr != nil || size < 1 || size > 50 || page < 1 {
		aliyunAnswer(w, http.StatusOK, map[string]any{"Code": "isv.INVALID_PARAMETERS"})
		return
	}
	rows := []map[string]any{}
	for _, m := range s.about(form.Get("PhoneNumber")) {
		if m.at.In(time.FixedZone("CST", 8*60*60)).Format("20060102") != form.Get("SendDate") {
			continue
		}
		row := map[string]any{"OutId": m.outID, "PhoneNum": m.phone, "SendStatus": 1}
		if m.delivered {
			row["SendStatus"], row["ErrCode"] = 3, "DELIVERED"
		}
		if m.failed != "" {
			row["SendStatus"], row["ErrCode"] = 2, m.failed
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b map[string]any) int { return strings.Compare(a["OutId"].(string), b["OutId"].(string)) })
	total := len(rows)
	rows = rows[min((page-1)*size, total):min(page*size, total)]
	aliyunAnswer(w, http.StatusOK, map[string]any{"Code": "OK", "Message": "OK", "TotalCount": strconv.Itoa(total),
		"SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": rows}})
}

// AliyunPush is an SmsReport push about messages.
func (s *Server) AliyunPush(outIDs ...string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []map[string]any{}
	for _, id := range outIDs {
		row := map[string]any{"out_id": id, "biz_id": "unknown", "success": true, "err_code": "DELIVERED", "phone_number": "13900000000"}
		if m := s.taken[id]; m != nil {
			row["biz_id"] = m.serial
		}
		rows = append(rows, row)
	}
	return encoded(rows)
}

func aliyunAnswer(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded(answer))
}

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
