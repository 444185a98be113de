package cim

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/mapping"
)

// models are the fields of the data models, as in the files of Splunk_SA_CIM 4.20.0, but
// for those that Splunk adds itself (*_bunit, *_category, *_priority, tag).
var models = map[string]string{
	"Network_Traffic": `action app bytes bytes_in bytes_out channel dest dest_interface dest_ip dest_mac dest_port
		dest_translated_ip dest_translated_port dest_zone direction duration dvc dvc_ip dvc_mac dvc_zone flow_id icmp_code
		icmp_type packets packets_in packets_out process_id protocol protocol_version response_time rule session_id src
		src_interface src_ip src_mac src_port src_translated_ip src_translated_port src_zone ssid tcp_flag tos transport ttl
		user vendor_account vendor_product vlan wifi`,
	"Network_Resolution": `additional_answer_count answer answer_count authority_answer_count dest dest_port duration
		message_type name query query_count query_type record_type reply_code reply_code_id response_time src src_port
		transaction_id transport ttl vendor_product`,
	"Web": `action app bytes bytes_in bytes_out cached cookie dest dest_port duration http_content_type http_method
		http_referrer http_referrer_domain http_user_agent http_user_agent_length response_time site src status uri_path
		uri_query url url_domain url_length user vendor_product`,
	"Email": `action delay dest duration file_hash file_name file_size internal_message_id message_id message_info orig_dest
		orig_recipient orig_src process process_id protocol recipient recipient_count recipient_domain recipient_status
		response_time retries return_addr size src src_user src_user_domain status_code subject url user vendor_product
		xdelay xref`,
	"Authentication": `action app authentication_method authentication_service dest dest_nt_domain duration reason
		response_time signature signature_id src src_nt_domain src_user src_user_id src_user_role src_user_type user
		user_agent user_id user_role user_type vendor_account`,
	"Certificates": `dest dest_port duration response_time src src_port transport ssl_end_time ssl_engine ssl_hash
		ssl_is_valid ssl_issuer ssl_issuer_common_name ssl_issuer_email ssl_issuer_email_domain ssl_issuer_locality
		ssl_issuer_organization ssl_issuer_state ssl_issuer_street ssl_issuer_unit ssl_name ssl_policies ssl_publickey
		ssl_publickey_algorithm ssl_serial ssl_session_id ssl_signature_algorithm ssl_start_time ssl_subject
		ssl_subject_common_name ssl_subject_email ssl_subject_email_domain ssl_subject_locality ssl_subject_organization
		ssl_subject_state ssl_subject_street ssl_subject_unit ssl_validity_window ssl_version`,
	"Databases": `dest duration object response_time src user vendor_product query query_id query_time records_affected`,
	"Intrusion_Detection": `action category dest dest_port dvc file_hash file_name file_path ids_type severity severity_id
		signature signature_id src src_port transport user vendor_product`,
}

// Columns whose names mean something else in the model, which the table therefore renames.
var renamed = []string{"mqtt_action", "smb_action", "tunnel_action"}

// Every field of the table is one of the model of its log; of logs without a model, of
// some model.
func TestFields(t *testing.T) {
	anywhere := strings.Fields(strings.Join(slices.Collect(values(models)), " "))
	for name, l := range logs {
		s := schemas.Lookup(name)
		if s == nil {
			t.Errorf("there is no log %s", name)
			continue
		}
		fields := anywhere
		if l.model != "" {
			fields = strings.Fields(models[l.model])
			if len(fields) == 0 || len(DatasetOf(name).Tags) == 0 {
				t.Errorf("%s: the model %s is not known", name, l.model)
			}
		}
		for column, targets := range l.columns {
			if !mapping.HasColumn(s, column) {
				t.Errorf("%s has no column %s", name, column)
			}
			for _, target := range targets {
				if f := target.Field; f != "" && !slices.Contains(fields, f) && !slices.Contains(renamed, f) {
					t.Errorf("%s.%s: %s is no field of %s", name, column, f, l.model)
				}
			}
		}
		for _, d := range l.derived {
			if !slices.Contains(anywhere, d.Field) {
				t.Errorf("%s: %s is no field", name, d.Field)
			}
		}
		if len(l.derived) != len(Naming.Map(s).Derived) {
			t.Errorf("%s: a derived field has no column", name)
		}
	}
	for column, targets := range common {
		for _, target := range targets {
			if target.Field != "" && !slices.Contains(anywhere, target.Field) {
				t.Errorf("%s: %s is no field", column, target.Field)
			}
		}
	}
}

// No field of a row is set twice, and no column takes a name of the model that means
// something else.
func TestFieldsAreSetOnce(t *testing.T) {
	for _, s := range schemas.All() {
		m := Naming.Map(s)
		count := map[string]int{}
		for _, c := range m.Constants {
			count[c.Field]++
		}
		for i, targets := range m.Columns {
			for _, target := range targets {
				if !slices.Contains(Naming.Lists, target.Field) {
					count[target.Field]++
				}
				if s.Fields[i].Name == target.Field && target.Field == "action" {
					t.Errorf("%s: action is not what the model means by it", s.Name)
				}
			}
		}
		for _, d := range m.Derived {
			count[d.Field]++
		}
		for field, n := range count {
			if n > 1 {
				t.Errorf("%s: %s is set %d times", s.Name, field, n)
			}
		}
	}
}

func values(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}
