package dev.vicreg.training.data.signal;

import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.source.Moments;
import dev.vicreg.training.data.source.Opening;
import dev.vicreg.training.data.source.Samples;
import dev.vicreg.training.data.source.SelectedSamples;
import dev.vicreg.training.data.source.Selection;
import dev.vicreg.training.data.source.Undecodable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The signals of a source that are used. All of them are decoded once when the set is opened, whatever its size: lengths,
 * rates and moments are known from nothing less.
 */
public final class SelectedSignals extends SelectedSamples<Signal> implements SignalDataset {
    private final Summary summary;

    public SelectedSignals(String where, Samples<Signal> source, Selection selection, Opening opening, long cacheBytes)
            throws IOException {
        super(where, source, selection, opening, cacheBytes);
        summary = summarise(where);
    }

    private record Found(int rate, int length, List<Moments.Part> channels) {}

    private Summary summarise(String where) throws IOException {
        Undecodable undecodable = new Undecodable(where, super.noun(), size());
        List<@Nullable Found> all = IntStream.range(0, size())
                .parallel()
                .mapToObj(index -> find(index, undecodable))
                .collect(Collectors.toList());
        undecodable.check();
        List<Found> found = all.stream().filter(Objects::nonNull).toList();
        requireOneRate(where, all);
        List<Moments.Part> channels = new ArrayList<>(found.get(0).channels);
        for (Found signal : found.subList(1, found.size())) {
            for (int c = 0; c < channels.size(); c++) {
                channels.set(c, channels.get(c).and(signal.channels.get(c)));
            }
        }
        return new Summary(
                found.get(0).rate,
                channels.size(),
                found.stream().mapToInt(Found::length).min().orElseThrow(),
                found.stream().mapToInt(Found::length).max().orElseThrow(),
                Moments.of(channels));
    }

    private @Nullable Found find(int index, Undecodable undecodable) {
        try {
            Signal signal = sample(index);
            List<Moments.Part> channels = new ArrayList<>();
            for (float[] channel : signal.samples()) {
                channels.add(Moments.Part.of(channel.length, i -> channel[i]));
            }
            return new Found(signal.rate(), signal.length(), channels);
        } catch (IOException e) {
            undecodable.add(index, e);
            return null;
        }
    }

    private void requireOneRate(String where, List<@Nullable Found> all) throws IOException {
        Map<Integer, String> rates = new TreeMap<>();
        for (int i = 0; i < all.size(); i++) {
            Found found = all.get(i);
            if (found != null) {
                rates.putIfAbsent(found.rate, name(i));
            }
        }
        if (rates.size() > 1) {
            String examples = rates.entrySet().stream()
                    .map(rate -> rate.getKey() + " (" + rate.getValue() + ")")
                    .collect(Collectors.joining(", "));
            throw new IOException("the signals in " + where + " have different rates, " + examples
                    + "; choose one with `rate`, to which all are resampled");
        }
    }

    @Override
    public String noun() {
        return super.noun();
    }

    @Override
    public Summary summary() {
        return summary;
    }
}
