package dev.vicreg.training.data.signal;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.view.SampleRandom;
import dev.vicreg.training.data.view.ViewPolicy;
import java.util.Arrays;

/**
 * From which distribution one view of a signal is drawn: a stretch of it, at another speed, louder or softer, perhaps
 * upside down, noisy, with a gap. All changes but the first two are made around each channel's mean in the training set,
 * which is also what stands beyond the ends of a recording and in gaps.
 *
 * @param shift how far a stretch may begin before the recording or end after it, as a share of its length
 * @param speed largest change of speed: 0.1 is at most 1.1 times faster or slower. It changes pitch too
 * @param gain largest change of loudness, in decibels either way
 * @param polarity probability that the sign is changed
 * @param noise probability of white noise
 * @param snrMin,snrMax power of the stretch over that of the noise, in decibels
 * @param mask probability of a gap
 * @param maskMax its largest length as a share of the view
 */
public record SignalPolicy(
        double shift,
        double speed,
        double gain,
        double polarity,
        double noise,
        double snrMin,
        double snrMax,
        double mask,
        double maskMax)
        implements ViewPolicy {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public SignalPolicy {
        ViewPolicy.check("shift", shift, 0, 1);
        ViewPolicy.check("speed", speed, 0, 9);
        ViewPolicy.check("gain", gain, 0, 100);
        ViewPolicy.check("polarity", polarity, 0, 1);
        ViewPolicy.check("noise", noise, 0, 1);
        ViewPolicy.check("snr-min", snrMin, -100, 200);
        ViewPolicy.check("snr-max", snrMax, -100, 200);
        if (snrMin > snrMax) {
            throw new SettingException("augmentation: snr-min " + snrMin + " is above snr-max " + snrMax);
        }
        ViewPolicy.check("mask", mask, 0, 1);
        ViewPolicy.check("mask-max", maskMax, 0, 1);
    }

    /** Other stretches of the recording, louder or softer, noisy, with gaps. */
    public static SignalPolicy standard() {
        return new SignalPolicy(0.1, 0.1, 6, 0.5, 0.5, 10, 40, 0.5, 0.2);
    }

    @Override
    public String preset() {
        return SignalKind.NOUN;
    }

    /**
     * A view: a function of the arguments and the random numbers.
     *
     * @param signal [channels][any length]
     * @param rest each channel's mean in the training set
     * @return [channels][length]
     */
    public float[][] draw(SampleRandom random, float[][] signal, float[] rest, int length) {
        double factor = StrictMath.pow(1 + speed, random.uniform(-1, 1));
        double span = length * factor; // source samples
        double slack = signal[0].length - span;
        double start = random.uniform(Math.min(0, slack) - shift * span, Math.max(0, slack) + shift * span);
        double loudness = decibels(random.uniform(-gain, gain)) * (random.chance(polarity) ? -1 : 1);
        boolean noisy = random.chance(noise);
        double ratio = decibels(-random.uniform(snrMin, snrMax));
        boolean masked = random.chance(mask);
        int gap = masked ? (int) (random.uniform(0, maskMax) * length) : 0;
        int gapStart = random.below(length - gap + 1);

        float[][] view = new float[signal.length][];
        for (int c = 0; c < view.length; c++) {
            view[c] = speed == 0
                    ? copy(signal[c], (int) Math.rint(start), length, rest[c])
                    : interpolate(signal[c], start, factor, length, rest[c]);
        }
        double amplitude = noisy ? ratio * deviation(view, rest) : 0;
        for (int c = 0; c < view.length; c++) {
            for (int i = 0; i < length; i++) {
                double value = view[c][i] - rest[c];
                double added = noisy ? amplitude * random.nextNoise() : 0;
                view[c][i] = (float) (rest[c] + loudness * (value + added));
            }
            Arrays.fill(view[c], gapStart, gapStart + gap, rest[c]);
        }
        return view;
    }

    /** A difference in decibels as a factor of amplitudes. */
    private static double decibels(double difference) {
        return StrictMath.pow(10, difference / 20);
    }

    private static float[] copy(float[] signal, int start, int length, float rest) {
        float[] view = new float[length];
        for (int i = 0; i < length; i++) {
            view[i] = at(signal, start + i, rest);
        }
        return view;
    }

    /**
     * Values at start, start + step, … by cubics through four neighbours (Catmull and Rom 1974). Steps near 1 need no
     * filter against aliasing worth its time here; what little there is counts as augmentation.
     */
    private static float[] interpolate(float[] signal, double start, double step, int length, float rest) {
        float[] view = new float[length];
        for (int i = 0; i < length; i++) {
            double position = start + i * step;
            int whole = (int) Math.floor(position);
            double t = position - whole;
            double before = at(signal, whole - 1, rest);
            double left = at(signal, whole, rest);
            double right = at(signal, whole + 1, rest);
            double after = at(signal, whole + 2, rest);
            double linear = right - before;
            double square = 2 * before - 5 * left + 4 * right - after;
            double cube = 3 * (left - right) + after - before;
            view[i] = (float) (left + 0.5 * t * (linear + t * (square + t * cube)));
        }
        return view;
    }

    private static float at(float[] signal, int index, float rest) {
        return index < 0 || index >= signal.length ? rest : signal[index];
    }

    /** Root of the mean square distance from rest. */
    private static double deviation(float[][] view, float[] rest) {
        double sum = 0;
        for (int c = 0; c < view.length; c++) {
            for (float value : view[c]) {
                sum += (value - rest[c]) * (value - rest[c]);
            }
        }
        return Math.sqrt(sum / ((double) view.length * view[0].length));
    }
}
