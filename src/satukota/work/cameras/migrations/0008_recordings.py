# Recorders, what they lack, and footage asked of them

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import satukota.base.secrets.fields


class Migration(migrations.Migration):

    dependencies = [
        ('cameras', '0007_tilt_light_presets'),
        ('city', '0007_nik_once'),
        ('documents', '0001_first'),
        ('evidence', '0002_exhibits'),
        ('incidents', '0001_first'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RecordedCamera',
            fields=[
                ('camera', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='recorded', serialize=False, to='cameras.camera')),
                ('token', models.CharField(max_length=64)),
                ('earliest_at', models.DateTimeField(null=True)),
                ('known_from', models.DateTimeField(null=True)),
                ('known_to', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(null=True)),
                ('fault', models.CharField(blank=True, max_length=30)),
            ],
            options={
                'verbose_name': 'kamera pada perekam',
            },
        ),
        migrations.CreateModel(
            name='Recorder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('kind', models.CharField(choices=[('onvif', 'ONVIF Profile G'), ('hand', 'diambil petugas')], default='onvif', max_length=5)),
                ('address', models.CharField(blank=True, max_length=200)),
                ('username', models.CharField(blank=True, max_length=80)),
                ('password_sealed', satukota.base.secrets.fields.SealedTextField(blank=True, default='', mask='hidden')),
                ('login_refused_at', models.DateTimeField(null=True)),
                ('custodian_office', models.CharField(blank=True, max_length=160)),
                ('retention_days', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('next_due_at', models.DateTimeField(null=True)),
                ('asked_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('fault', models.CharField(blank=True, max_length=30)),
                ('clock_offset_ms', models.IntegerField(null=True)),
            ],
            options={
                'verbose_name': 'perekam',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='RecordingGap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('how', models.CharField(choices=[('told', 'dikatakan perekam'), ('found', 'ditemukan saat ditarik')], max_length=5)),
                ('source', models.CharField(blank=True, max_length=20)),
                ('first_told_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'celah rekaman',
                'ordering': ['-began_at'],
            },
        ),
        migrations.CreateModel(
            name='Retrieval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True)),
                ('way', models.CharField(choices=[('replay', 'ditarik dari perekam'), ('hand', 'diminta kepada petugas')], max_length=6)),
                ('addressee', models.CharField(blank=True, max_length=200)),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('purpose', models.CharField(max_length=30)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('asked_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('asked', 'diminta'), ('pulling', 'sedang ditarik'), ('acknowledged', 'diterima petugas'), ('delivered', 'diserahkan'), ('refused', 'ditolak'), ('lapsed', 'lewat masa simpan'), ('failed', 'gagal ditarik')], default='asked', max_length=12)),
                ('run', models.CharField(blank=True, max_length=32)),
                ('progress', models.PositiveSmallIntegerField(default=0)),
                ('fault', models.CharField(blank=True, max_length=30)),
                ('due_at', models.DateTimeField(null=True)),
                ('gone_at', models.DateTimeField(null=True)),
                ('reminded', models.PositiveSmallIntegerField(default=0)),
                ('acknowledged_by', models.CharField(blank=True, max_length=120)),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('holes', models.JSONField(default=list)),
            ],
            options={
                'verbose_name': 'permintaan rekaman',
                'ordering': ['-number'],
            },
        ),
        migrations.AddField(
            model_name='recorder',
            name='custodian',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='city.person'),
        ),
        migrations.AddField(
            model_name='recorder',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='city.opd'),
        ),
        migrations.AddField(
            model_name='recordedcamera',
            name='recorder',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cameras', to='cameras.recorder'),
        ),
        migrations.AddField(
            model_name='recordinggap',
            name='recorded',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='gaps', to='cameras.recordedcamera'),
        ),
        migrations.AddField(
            model_name='retrieval',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='retrieval',
            name='camera',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='retrievals', to='cameras.camera'),
        ),
        migrations.AddField(
            model_name='retrieval',
            name='exhibit',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='evidence.exhibit'),
        ),
        migrations.AddField(
            model_name='retrieval',
            name='incident',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.incident'),
        ),
        migrations.AddField(
            model_name='retrieval',
            name='letter',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='documents.signeddocument'),
        ),
        migrations.AddField(
            model_name='retrieval',
            name='recorder',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='retrievals', to='cameras.recorder'),
        ),
        migrations.AddConstraint(
            model_name='recorder',
            constraint=models.UniqueConstraint(fields=('owner', 'name'), name='recorder_name_of_owner'),
        ),
        migrations.AddConstraint(
            model_name='recordedcamera',
            constraint=models.UniqueConstraint(fields=('recorder', 'token'), name='recorded_token_once'),
        ),
        migrations.AddConstraint(
            model_name='recordinggap',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__gt', models.F('began_at'))), name='recording_gap_span'),
        ),
        migrations.AddConstraint(
            model_name='recordinggap',
            constraint=models.UniqueConstraint(fields=('recorded', 'began_at', 'how'), name='recording_gap_once'),
        ),
        migrations.AddIndex(
            model_name='retrieval',
            index=models.Index(fields=['camera', '-since'], name='retrieval_of_camera'),
        ),
        migrations.AddIndex(
            model_name='retrieval',
            index=models.Index(fields=['state', 'due_at'], name='retrieval_clock'),
        ),
        migrations.AddConstraint(
            model_name='retrieval',
            constraint=models.CheckConstraint(condition=models.Q(('until__gt', models.F('since'))), name='retrieval_span'),
        ),
        migrations.AddConstraint(
            model_name='retrieval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'delivered'), _negated=True), ('exhibit__isnull', False), _connector='OR'), name='retrieval_delivered_has_exhibit'),
        ),
        migrations.AddConstraint(
            model_name='retrieval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='retrieval_refused_has_reason'),
        ),
    ]
