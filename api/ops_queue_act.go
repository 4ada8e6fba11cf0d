package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// opsQueueAct asks whether somebody means it.
type opsQueueAct struct {
	opsFrame
	Queue, State, ID, Verb string
	Label, Action, Effect  string
	Reason                 bool
	Refused                string // by the guard, in its words
}

// queueTarget reads what is to be done to what; ok is false for what is not on
// offer, and the guard judges the rest.
func (o *Ops) queueTarget(v *opsVisit, form url.Values) (data opsQueueAct, ok bool) {
	q, state, _, ok := queueAsked(form)
	data = opsQueueAct{opsFrame: o.frame(v, opsQueuePath), Queue: string(q), State: state, ID: form.Get("id"), Verb: form.Get("verb")}
	if !ok || q == "" || (state == "") != (data.ID == "") || strings.ContainsAny(data.ID, "/:?#%") || len(data.ID) > 160 {
		return data, false
	}
	offers := o.parts.Inspector.Offers(v.member.Role, q, state)
	i := slices.IndexFunc(offers, func(offer OpsOffer) bool { return offer.Verb == data.Verb })
	if i < 0 {
		return data, false
	}
	data.Label, data.Reason = o.queueName(v, q), offers[i].Reason
	data.Action, data.Effect = o.say(v, "queue.verb."+data.Verb), o.say(v, "queue.effect."+data.Verb)
	return data, true
}

func (o *Ops) queueAsk(v *opsVisit) error {
	data, ok := o.queueTarget(v, v.r.URL.Query())
	if !ok {
		return errNotFound
	}
	view := o.view(v)
	view.Data = data
	return o.show(v, "queue-act", view)
}

// queueAct hands the act to the guard of the dashboard, as if it had come from
// asynqmon: one policy, one pair of journal rows, one look at what stands.
func (o *Ops) queueAct(v *opsVisit) error {
	data, ok := o.queueTarget(v, v.r.PostForm)
	if !ok {
		return errForbidden
	}
	reason := cleanReason(v.r.PostFormValue("ops_reason"))
	view := o.view(v)
	view.Values = url.Values{"ops_reason": {reason}}
	if data.Reason {
		view.Errors = reasonFault(reason)
	}
	if len(view.Errors) == 0 {
		answer := o.throughGuard(v, data, reason)
		if answer.status < http.StatusBadRequest {
			v.redirect(opsQueuePath + "?" + queueBack(data).Encode())
			return nil
		}
		data.Refused, view.Status = answer.body.String(), answer.status
	}
	view.Data = data
	return o.show(v, "queue-act", view)
}

func queueBack(data opsQueueAct) url.Values {
	back := url.Values{"done": {data.Verb}}
	if data.State != "" {
		back.Set("queue", data.Queue)
		back.Set("state", data.State)
	}
	return back
}

// throughGuard asks the dashboard's guard in the name of the visitor.
func (o *Ops) throughGuard(v *opsVisit, data opsQueueAct, reason string) *keptAnswer {
	path, method := opsQueues+"/api/queues/"+data.Queue, http.MethodPost
	if data.ID != "" {
		path += "/" + data.State + "_tasks/" + data.ID
	}
	if data.Verb == "delete" {
		method = http.MethodDelete
	} else {
		path += ":" + data.Verb
	}
	r := v.r.Clone(v.r.Context())
	r.Method, r.URL, r.RequestURI, r.Body, r.ContentLength = method, &url.URL{Path: path}, path, http.NoBody, 0
	r.Form, r.PostForm = nil, nil
	r.Header.Del("Content-Type")
	r.Header.Set("X-Beian-Reason", url.PathEscape(reason))
	answer := &keptAnswer{head: http.Header{"X-Request-Id": {v.call.id}}, status: http.StatusOK}
	o.parts.Dashboard.ServeHTTP(answer, r)
	return answer
}

// keptAnswer is an answer that stays in this process.
type keptAnswer struct {
	head   http.Header
	status int
	body   strings.Builder
}

func (a *keptAnswer) Header() http.Header { return a.head }

func (a *keptAnswer) WriteHeader(status int) { a.status = status }

func (a *keptAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }
