{{/* Variables of every program of the site. */}}
{{- define "meridian.environment" -}}
- {name: MERIDIAN_SITE, value: {{ .Values.site.name | quote }}}
- {name: MERIDIAN_CLUSTER, value: {{ .Values.site.cluster | quote }}}
- {name: MERIDIAN_DATA, value: /var/lib/meridian}
- {name: MERIDIAN_LISTEN, value: "0.0.0.0:5000"}
- {name: MERIDIAN_REPLICATION, value: separate}
- {name: MERIDIAN_DRAIN_DEADLINE, value: {{ printf "%vs" .Values.registry.drainSeconds | quote }}}
- {name: MERIDIAN_STORAGE, value: {{ include "meridian.storage" . | quote }}}
{{- with .Values.site.publicUrl }}
- {name: MERIDIAN_PUBLIC_URL, value: {{ . | quote }}}
{{- end }}
{{- with .Values.site.place }}
- {name: MERIDIAN_PLACE, value: {{ . | quote }}}
{{- end }}
{{- with .Values.primary.url }}
- {name: MERIDIAN_PRIMARY_URL, value: {{ . | quote }}}
{{- end }}
{{- with .Values.trustedProxies }}
- {name: MERIDIAN_TRUSTED_PROXIES, value: {{ join "," . | quote }}}
{{- end }}
{{- if .Values.metrics.enabled }}
- {name: MERIDIAN_METRICS_LISTEN, value: {{ printf "0.0.0.0:%v" .Values.metrics.port | quote }}}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- include "meridian.secret" (list "DATABASE_URL" (required "database.existingSecret is needed" .Values.database.existingSecret) .Values.database.key) }}
{{- include "meridian.secret" (list "REDIS_URL" (required "redis.existingSecret is needed" .Values.redis.existingSecret) .Values.redis.key) }}
{{- include "meridian.secret" (list "MERIDIAN_SECRET_KEY" (required "clusterKey.existingSecret is needed: the pods of a site share one key" .Values.clusterKey.existingSecret) .Values.clusterKey.key) }}
{{- include "meridian.secret" (list "MERIDIAN_ADMIN_PASSWORD" .Values.admin.existingSecret .Values.admin.key) }}
{{- include "meridian.secret" (list "MERIDIAN_JOIN_TOKEN" .Values.primary.joinToken.existingSecret .Values.primary.joinToken.key) }}
{{- range $name := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
{{- include "meridian.secret" (list $name $.Values.storage.s3.existingSecret $name) }}
{{- end }}
{{- end -}}

{{- define "meridian.secret" -}}
{{- if index . 1 }}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef: {name: {{ index . 1 }}, key: {{ index . 2 }}}
{{- end }}
{{- end -}}

{{/* What every pod of the site has beside its container. */}}
{{- define "meridian.podSettings" -}}
# A Service named meridian would give each pod variables such as MERIDIAN_PORT, which are no settings.
enableServiceLinks: false
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
volumes:
  - {name: data, emptyDir: {}}
  - {name: tmp, emptyDir: {}}
{{- if and .Values.storage.file.existingClaim (not .Values.storage.s3.bucket) }}
  - name: blobs
    persistentVolumeClaim: {claimName: {{ .Values.storage.file.existingClaim }}}
{{- end }}
{{- end -}}

{{/* What every container of the site has. */}}
{{- define "meridian.containerSettings" -}}
image: {{ include "meridian.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env: {{- include "meridian.environment" . | nindent 2 }}
volumeMounts:
  - {name: data, mountPath: /var/lib/meridian}
  - {name: tmp, mountPath: /tmp}
{{- if and .Values.storage.file.existingClaim (not .Values.storage.s3.bucket) }}
  - {name: blobs, mountPath: /var/lib/meridian-blobs}
{{- end }}
{{- end -}}

{{/* Where the pods of one kind run: spread over nodes, where nobody says otherwise. */}}
{{- define "meridian.placement" -}}
{{- with .kind.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .kind.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .kind.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "meridian.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
{{- end -}}
