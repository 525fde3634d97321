{{- define "meridian.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "meridian.selector" -}}
app.kubernetes.io/name: meridian
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "meridian.labels" -}}
{{ include "meridian.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "meridian.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end -}}

{{- define "meridian.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "meridian.name" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{- define "meridian.storage" -}}
{{- with .Values.storage.s3 -}}
{{- if .bucket -}}
{{- $options := list -}}
{{- if .region }}{{ $options = append $options (printf "region=%s" .region) }}{{ end -}}
{{- if .endpoint }}{{ $options = append $options (printf "endpoint=%s" .endpoint) }}{{ end -}}
{{- if .pathStyle }}{{ $options = append $options "pathStyle=true" }}{{ end -}}
s3://{{ .bucket }}{{ with .prefix }}/{{ . }}{{ end }}{{ with $options }}?{{ join "&" . }}{{ end }}
{{- else if $.Values.storage.file.existingClaim -}}
file:/var/lib/meridian-blobs
{{- else -}}
{{- fail "storage.s3.bucket or storage.file.existingClaim is needed: pods keep nothing themselves" -}}
{{- end -}}
{{- end -}}
{{- end -}}
